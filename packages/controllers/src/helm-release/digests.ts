import { createHash } from 'node:crypto';
import type { HelmRelease } from '@sluice/api';
import { goJson } from '@sluice/core';
import type { Values } from '@sluice/helm';
import { printYamlSorted } from '@sluice/yaml';

/** `sha256:…` of a text. */
export function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** Values as they are written down for their digest: no values at all and an empty table are the same. */
export function encodeValues(values: Readonly<Values> | null): string {
  return values === null || Object.keys(values).length === 0 ? '' : printYamlSorted(values);
}

export function valuesDigest(values: Readonly<Values> | null): string {
  return digestOf(encodeValues(values));
}

/** Whether values have a digest, of any of the algorithms that were in use. */
export function verifyValues(digest: string, values: Readonly<Values>): boolean {
  const [algorithm = '', hex] = digest.split(':');
  if (!['sha1', 'sha256', 'sha384', 'sha512'].includes(algorithm)) return false;
  return createHash(algorithm).update(encodeValues(values)).digest('hex') === hex;
}

/** Empty when there are no post-renderers. */
export function postRenderersDigest({ postRenderers }: HelmRelease['spec']): string {
  return postRenderers === undefined
    ? ''
    : digestOf(`${goJson(postRenderers.map(({ kustomize }) => withoutNothing({ kustomize: inOrder(kustomize) })))}\n`);
}

/** Empty when there is no common metadata. */
export function commonMetadataDigest({ commonMetadata }: HelmRelease['spec']): string {
  if (commonMetadata === undefined) return '';
  const { annotations, labels } = commonMetadata;
  return digestOf(`${goJson(withoutNothing({ annotations: byKey(annotations), labels: byKey(labels) }))}\n`);
}

type Renderer = NonNullable<NonNullable<HelmRelease['spec']['postRenderers']>[number]['kustomize']>;

/** In the order of the fields of Flux's types. */
function inOrder(renderer: Renderer | undefined): object | undefined {
  if (renderer === undefined) return undefined;
  return withoutNothing({
    patches: renderer.patches?.map(({ patch, target }) =>
      withoutNothing({
        patch,
        target:
          target === undefined
            ? undefined
            : withoutNothing({
                group: target.group,
                version: target.version,
                kind: target.kind,
                namespace: target.namespace,
                name: target.name,
                annotationSelector: target.annotationSelector,
                labelSelector: target.labelSelector,
              }),
      }),
    ),
    images: renderer.images?.map(({ name, newName, newTag, digest }) => ({ name, ...withoutNothing({ newName, newTag, digest }) })),
  });
}

function byKey(map: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> | undefined {
  if (map === undefined || Object.keys(map).length === 0) return undefined;
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Without fields that are empty in Go. */
function withoutNothing(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => {
      if (value === undefined || value === '') return false;
      return typeof value !== 'object' || value === null || !Array.isArray(value) || value.length > 0;
    }),
  );
}
