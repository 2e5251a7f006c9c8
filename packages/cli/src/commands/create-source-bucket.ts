import type { JsonObject } from '@sluice/core';
import type { Cluster } from '@sluice/kube';
import type { Invocation } from '../command-line/index.js';
import { selectedNamespace } from '../connection.js';
import {
  createdName,
  createObject,
  durationField,
  fetchedRevision,
  filled,
  ignoreField,
  intervalField,
  nameRef,
  parseLabels,
} from '../create/index.js';
import { bucket } from '../kinds/index.js';
import { applySecret, secretOf } from '../secrets/index.js';

/** `create source bucket NAME`. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags } = invocation;
  const name = createdName(invocation);
  if (flags.string('bucket-name') === '') throw new Error('bucket-name is required');
  if (flags.string('endpoint') === '') throw new Error('endpoint is required');
  await createObject(invocation, name, {
    kind: bucket,
    title: 'Bucket source',
    spec: filled({
      bucketName: flags.string('bucket-name'),
      endpoint: flags.string('endpoint'),
      ignore: ignoreField(flags),
      insecure: flags.bool('insecure'),
      interval: intervalField(flags),
      provider: flags.string('provider'),
      proxySecretRef: nameRef(flags.string('proxy-secret-ref')),
      region: flags.string('region'),
      secretRef: nameRef(flags.string('secret-ref')),
      timeout: durationField(flags, 'fetch-timeout'),
    }),
    prepare: (cluster, signal) => applyCredentials(invocation, name, cluster, signal),
    done: fetchedRevision('Bucket source', 'Bucket source reconciliation but no artifact was found'),
  });
}

/** The Secret with the keys of the flags; the field that refers to it. */
async function applyCredentials({ flags, terminal }: Invocation, name: string, cluster: Cluster, signal: AbortSignal): Promise<JsonObject> {
  const accesskey = flags.string('access-key');
  const secretkey = flags.string('secret-key');
  if (flags.string('secret-ref') !== '' || accesskey === '' || secretkey === '') return {};
  const secretName = { name: `bucket-${name}`, namespace: selectedNamespace(flags), labels: parseLabels(flags.list('label')) };
  terminal.action('applying secret with the bucket credentials');
  await applySecret(cluster, secretOf(secretName, { accesskey, secretkey }), signal);
  terminal.success('authentication configured');
  return { secretRef: { name: secretName.name } };
}
