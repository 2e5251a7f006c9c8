import { integer, map, object, required, string, type Static } from '../dsl/schema.js';

/** What is known of a release that was made: enough to see whether someone else has changed it since. */
export const releaseSnapshot = object('A release.', {
  action: string('The action that made it.'),
  apiVersion: string('The version of this record.'),
  appVersion: string('The version of the application in the chart.'),
  chartName: required(string('The name of the chart.')),
  chartVersion: required(string('The version of the chart.')),
  configDigest: required(string('The digest of the values.')),
  deleted: string('When it was uninstalled.', { format: 'date-time' }),
  digest: required(string('The digest of the release record.')),
  firstDeployed: required(string('When the release was first installed.', { format: 'date-time' })),
  lastDeployed: required(string('When this revision was made.', { format: 'date-time' })),
  name: required(string('The name of the release.')),
  namespace: required(string('The namespace of the release.')),
  ociDigest: string('The digest of the OCI artifact with the chart.'),
  status: required(string('The status of the release.')),
  testHooks: map(
    'The tests that were run, by name.',
    object('A test.', {
      lastCompleted: string('When it ended.', { format: 'date-time' }),
      lastStarted: string('When it began.', { format: 'date-time' }),
      phase: string('How it ended.'),
    }),
  ),
  version: required(integer('The revision of the release.')),
});
export type ReleaseSnapshot = Static<typeof releaseSnapshot>;
