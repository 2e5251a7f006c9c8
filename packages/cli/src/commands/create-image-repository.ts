import type { Invocation } from '../command-line/index.js';
import { createdName, createObject, durationField, filled, intervalField, nameRef } from '../create/index.js';
import { imageRepository } from '../kinds/index.js';

/** `create image repository NAME`. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags } = invocation;
  const name = createdName(invocation);
  const image = flags.string('image');
  if (image === '') throw new Error('an image repository (--image) is required');
  checkImage(image);
  await createObject(invocation, name, {
    kind: imageRepository,
    title: 'ImageRepository',
    spec: filled({
      certSecretRef: nameRef(flags.string('cert-ref')),
      image,
      interval: intervalField(flags),
      secretRef: nameRef(flags.string('secret-ref')),
      timeout: durationField(flags, 'scan-timeout'),
    }),
    done: () => ['ImageRepository reconciliation completed'],
  });
}

/** Refuses what is no name of a repository: a registry, which has a dot or a port or is localhost, and a path. */
function checkImage(image: string): void {
  const slash = image.indexOf('/');
  const first = slash < 0 ? '' : image.slice(0, slash);
  const hasRegistry = /[.:]/.test(first) || first === 'localhost';
  const repository = hasRegistry ? image.slice(slash + 1) : image;
  if (hasRegistry && !/^[\w.-]+(:\d+)?$|^\[[0-9a-f:]+\](:\d+)?$/i.test(first))
    throw notParsed(`registries must be valid RFC 3986 URI authorities: ${first}`);
  if (/[^a-z0-9_\-./]/.test(repository))
    throw notParsed(`repository can only contain the characters \`abcdefghijklmnopqrstuvwxyz0123456789_-./\`: ${repository}`);
  if (repository.length < 2 || repository.length > 255)
    throw notParsed(`repository must be between 2 and 255 characters in length: ${repository}`);
}

function notParsed(what: string): Error {
  return new Error(`unable to parse image value: ${what}`);
}
