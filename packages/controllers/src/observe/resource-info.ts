import { isJsonObject, type Json, type KubeObject } from '@sluice/core';

/** The labels of an object in `gotk_resource_info`, by the paths of the fields that they show. */
type LabelPaths = Readonly<Record<string, string>>;

const source = { ready: 'status.conditions.[type=Ready].status', revision: 'status.artifact.revision' };

/** As in the configuration of kube-state-metrics that Flux's monitoring example has: dashboards ask for these labels. */
const KINDS: Readonly<Record<string, LabelPaths>> = {
  Kustomization: { ready: source.ready, revision: 'status.lastAppliedRevision', source_name: 'spec.sourceRef.name' },
  HelmRelease: {
    ready: source.ready,
    revision: 'status.history.0.chartVersion',
    chart_name: 'status.history.0.chartName',
    chart_app_version: 'status.history.0.appVersion',
    chart_ref_name: 'spec.chartRef.name',
    chart_source_name: 'spec.chart.spec.sourceRef.name',
  },
  GitRepository: { ...source, url: 'spec.url' },
  OCIRepository: { ...source, url: 'spec.url' },
  HelmRepository: { ...source, url: 'spec.url' },
  Bucket: { ...source, endpoint: 'spec.endpoint', bucket_name: 'spec.bucketName' },
  HelmChart: { ...source, chart_name: 'spec.chart', chart_version: 'spec.version' },
  Alert: {},
  Provider: {},
  Receiver: { ready: source.ready, webhook_path: 'status.webhookPath' },
  ImageRepository: { ready: source.ready, image: 'spec.image' },
  ImagePolicy: { ready: source.ready, source_name: 'spec.imageRepositoryRef.name' },
  ImageUpdateAutomation: { ready: source.ready, source_name: 'spec.sourceRef.name' },
};

/** What `gotk_resource_info` says of an object. */
export function resourceLabels(object: KubeObject): Record<string, string> {
  const { kind, apiVersion, metadata } = object;
  const [group = '', version = ''] = apiVersion.split('/');
  const labels: Record<string, string> = {
    customresource_group: group,
    customresource_kind: kind,
    customresource_version: version,
    name: metadata.name ?? '',
    exported_namespace: metadata.namespace ?? '',
    suspended: textAt(object, 'spec.suspend'),
  };
  for (const [label, path] of Object.entries((Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined) ?? {})) {
    labels[label] = textAt(object, path);
  }
  return labels;
}

/** The value at a path: names, numbers of a list, or the first of a list whose field has a value: `[type=Ready]`. */
function textAt(object: KubeObject, path: string): string {
  let value: Json | undefined = object as unknown as Json;
  for (const step of path.split('.')) value = stepInto(value, step);
  return value === undefined || value === null || typeof value === 'object' ? '' : String(value);
}

function stepInto(value: Json | undefined, step: string): Json | undefined {
  if (Array.isArray(value)) {
    if (!step.startsWith('[')) return value[Number(step)];
    const [field = '', wanted = ''] = step.slice(1, -1).split('=');
    return value.find((item) => isJsonObject(item) && item[field] === wanted);
  }
  return isJsonObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
}
