import type { JsonObject } from '@sluice/core';
import type { Invocation } from '../command-line/index.js';
import {
  createdName,
  createObject,
  durationField,
  fetchedRevision,
  filled,
  ignoreField,
  intervalField,
  nameRef,
  verifyField,
} from '../create/index.js';
import { ociRepository } from '../kinds/index.js';

/** `create source oci NAME`. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags } = invocation;
  const name = createdName(invocation);
  if (flags.string('url') === '') throw new Error('url is required');
  const [digest = '', semver = '', tag = ''] = ['digest', 'tag-semver', 'tag'].map((flag) => flags.string(flag));
  if (digest === '' && semver === '' && tag === '') throw new Error('--tag, --tag-semver or --digest is required');
  await createObject(invocation, name, {
    kind: ociRepository,
    title: 'OCIRepository',
    announced: 'never',
    spec: filled({
      certSecretRef: nameRef(flags.string('cert-ref')),
      ignore: ignoreField(flags),
      insecure: flags.bool('insecure'),
      interval: intervalField(flags),
      layerSelector: layerSelector(flags.string('layer-selector')),
      provider: flags.string('provider'),
      proxySecretRef: nameRef(flags.string('proxy-secret-ref')),
      ref: filled({ digest, semver, tag }),
      secretRef: nameRef(flags.string('secret-ref')),
      serviceAccountName: flags.string('service-account'),
      timeout: durationField(flags, 'fetch-timeout'),
      url: flags.string('url'),
      verify: verifyField(flags),
    }),
    done: fetchedRevision('OCIRepository', 'no artifact was found'),
  });
}

function layerSelector(text: string): JsonObject | undefined {
  if (text === '') return undefined;
  const colon = text.indexOf(':');
  const [mediaType, operation] = [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1)];
  if (mediaType === '' || operation === '')
    throw new Error(`invalid --layer-selector ${JSON.stringify(text)}: must be in the format '<media-type>:<operation>'`);
  if (operation !== 'extract' && operation !== 'copy')
    throw new Error(`invalid --layer-selector ${JSON.stringify(text)}: operation must be "extract" or "copy"`);
  return { mediaType, operation };
}
