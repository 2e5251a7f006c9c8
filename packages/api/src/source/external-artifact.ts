import { version, type CustomResource, type ResourceObject } from '../dsl/custom-resource.js';
import { object, required, string } from '../dsl/schema.js';
import { groups } from '../shared/names.js';
import { ageColumn, artifact, conditions, readyColumns } from '../shared/status.js';

export const externalArtifactV1 = version({
  name: 'v1',
  about: 'An artifact that another controller makes, for the kinds that apply artifacts.',
  spec: object('What it is made of.', {
    sourceRef: object('The object it is made of.', {
      apiVersion: string('Its group and version.'),
      kind: required(string('Its kind.')),
      name: required(string('Its name.')),
      namespace: string('Its namespace.'),
    }),
  }),
  status: object('What was made.', { artifact, conditions }),
  columns: [ageColumn, ...readyColumns, { jsonPath: '.spec.sourceRef.name', name: 'Source', type: 'string' }],
});

export const externalArtifact: CustomResource = {
  group: groups.source,
  kind: 'ExternalArtifact',
  plural: 'externalartifacts',
  singular: 'externalartifact',
  shortNames: ['ea'],
  categories: ['all', 'fluxcd', 'fluxcd-sources'],
  versions: [externalArtifactV1],
};

export type ExternalArtifact = ResourceObject<typeof groups.source, 'ExternalArtifact', typeof externalArtifactV1>;
