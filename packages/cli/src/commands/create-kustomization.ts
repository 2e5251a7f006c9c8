import { formatDuration, type JsonObject } from '@sluice/core';
import type { FlagValues, Invocation } from '../command-line/index.js';
import {
  createdName,
  createObject,
  durationField,
  filled,
  intervalField,
  kubeConfigField,
  nameRef,
  namespacedName,
  objectReference,
} from '../create/index.js';
import { helmRelease, kustomization } from '../kinds/index.js';

/** What `--health-check` may name. */
const CHECKED_KINDS = ['Deployment', 'DaemonSet', 'StatefulSet', 'HelmRelease'];

/** `create kustomization NAME`. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags } = invocation;
  const name = createdName(invocation);
  if (flags.string('source') === '') throw new Error('source is required');
  const wait = flags.bool('wait');
  // Waiting for everything leaves nothing to check in addition.
  const healthChecks = wait ? [] : flags.list('health-check').map(healthCheck);
  await createObject(invocation, name, {
    kind: kustomization,
    title: 'Kustomization',
    spec: {
      prune: flags.bool('prune'),
      ...filled({
        decryption: decryption(flags),
        dependsOn: flags.list('depends-on').map((reference) => filled({ ...namespacedName(reference) })),
        healthChecks,
        interval: intervalField(flags),
        kubeConfig: kubeConfigField(flags),
        path: flags.string('path'),
        retryInterval: durationField(flags, 'retry-interval'),
        serviceAccountName: flags.string('service-account'),
        sourceRef: filled({ ...objectReference(flags.string('source')) }),
        targetNamespace: flags.string('target-namespace'),
        timeout: wait || healthChecks.length > 0 ? formatDuration(flags.number('health-check-timeout')) : undefined,
        wait,
      }),
    },
    done: (object) => [`Kustomization ${name} is ready`, kustomization.successMessage(object)],
  });
}

function decryption(flags: FlagValues): JsonObject | undefined {
  const provider = flags.string('decryption-provider');
  return provider === '' ? undefined : filled({ provider, secretRef: nameRef(flags.string('decryption-secret')) });
}

function healthCheck(text: string): JsonObject {
  const parts = text.split('/');
  const [kind = '', object = ''] = parts;
  if (parts.length !== 2)
    throw new Error(`invalid health check '${text}' must be in the format 'kind/name.namespace' [${parts.join(' ')}]`);
  if (!CHECKED_KINDS.includes(kind))
    throw new Error(`invalid health check kind '${kind}' can be HelmRelease, Deployment, DaemonSet or StatefulSet`);
  const [name = '', namespace, ...more] = object.split('.');
  if (namespace === undefined || more.length > 0)
    throw new Error(`invalid health check '${text}' must be in the format 'kind/name.namespace'`);
  return { ...(kind === 'HelmRelease' ? { apiVersion: helmRelease.apiVersion } : {}), kind, name, namespace };
}
