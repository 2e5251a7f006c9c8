import { superseded, version, type CustomResource, type PrinterColumn, type ResourceObject } from '../dsl/custom-resource.js';
import { boolean, list, noLonger, object, omit, required, string } from '../dsl/schema.js';
import { duration } from '../shared/duration.js';
import { groups } from '../shared/names.js';
import { referenceTo } from '../shared/references.js';
import { ageColumn, artifact, artifactV1beta1, readyColumns, reconcileStatus, unobserved } from '../shared/status.js';
import { accessFrom } from './access-from.js';
import { chartSelection, ociVerification } from './chart-fields.js';

const spec = {
  // Of the older versions: see docs/decisions/0195.
  accessFrom,
  ...chartSelection,
  chart: required(string('The name of the chart in a HelmRepository, or its path in another source.')),
  interval: required(duration('How often to look for a newer version.')),
  sourceRef: required(
    object('The source with the chart.', omit(referenceTo('', ['HelmRepository', 'GitRepository', 'Bucket']).fields, 'namespace')),
  ),
  suspend: boolean('Leave this HelmChart alone.'),
  verify: ociVerification,
};

const status = {
  ...reconcileStatus,
  artifact,
  observedChartName: string('The name of the last chart.'),
  observedSourceArtifactRevision: string('The revision of the source that the last chart is from.'),
  observedValuesFiles: list('The values files of the last chart.', string('')),
  url: string('The address of the latest artifact.'),
};

const columns: readonly PrinterColumn[] = [
  { jsonPath: '.spec.chart', name: 'Chart', type: 'string' },
  { jsonPath: '.spec.version', name: 'Version', type: 'string' },
  { jsonPath: '.spec.sourceRef.kind', name: 'Source Kind', type: 'string' },
  { jsonPath: '.spec.sourceRef.name', name: 'Source Name', type: 'string' },
];
const what = 'A Helm chart, made available as an artifact.';
const verifyRule = {
  message: "spec.verify is only supported when spec.sourceRef.kind is 'HelmRepository'",
  rule: "!has(self.verify) || self.sourceRef.kind == 'HelmRepository'",
};

export const helmChartV1 = version({
  name: 'v1',
  about: what,
  spec: object('Which chart to fetch.', spec, { rules: [verifyRule] }),
  status: object('What was fetched.', status, unobserved),
  columns: [...columns, ageColumn, ...readyColumns],
});

const legacy = { valuesFile: string('Refused: write it under spec.valuesFiles.') };
const noValuesFile = noLonger('valuesFile', 'write it as the last of spec.valuesFiles');

const v1beta2 = version({
  name: 'v1beta2',
  about: what,
  spec: object('Which chart to fetch.', { ...spec, ...legacy }, { rules: [noValuesFile] }),
  status: helmChartV1.status as NonNullable<typeof helmChartV1.status>,
  columns: [...columns, ageColumn, ...readyColumns],
  ...superseded('HelmChart', 'v1beta2', 'v1'),
});

const v1beta1 = version({
  name: 'v1beta1',
  about: what,
  spec: object(
    'Which chart to fetch.',
    {
      ...omit(spec, 'ignoreMissingValuesFiles', 'verify'),
      ...legacy,
      interval: required(string('How often to look for a newer version.')),
    },
    { rules: [noValuesFile] },
  ),
  status: object('What was fetched.', { ...reconcileStatus, artifact: artifactV1beta1, url: status.url }, unobserved),
  columns: [...columns, ...readyColumns, ageColumn],
  ...superseded('HelmChart', 'v1beta1', 'v1'),
});

export const helmChart: CustomResource = {
  group: groups.source,
  kind: 'HelmChart',
  plural: 'helmcharts',
  singular: 'helmchart',
  shortNames: ['hc'],
  categories: ['all', 'fluxcd', 'fluxcd-sources'],
  versions: [helmChartV1, v1beta2, v1beta1],
};

export type HelmChart = ResourceObject<typeof groups.source, 'HelmChart', typeof helmChartV1>;
