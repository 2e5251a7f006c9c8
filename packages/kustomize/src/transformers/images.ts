import type { FieldSpec } from '../config/field-spec.js';
import type { Image } from '../kustomization/kustomization.js';
import { expectKind } from '../node/expect-kind.js';
import { isNull, replaceScalar, textOf, untaggedScalar, type Mapping, type Node } from '../node/node.js';
import { compileImageName, type TextMatcher } from '../regex.js';
import type { Resource } from '../resource/resource.js';
import { changeFields, specsFor } from './field-path.js';
import type { Transformer } from './transformer.js';

interface CompiledImage {
  readonly image: Image;
  readonly matches: TextMatcher;
}

/**
 * Changes names, tags and digests of images: of every `containers` and `initContainers` at any depth of any kind, and
 * then wherever the field specs lead (a field that both reach gets a tag suffix twice, as in kustomize).
 */
export function imagesTransformer(images: readonly Image[], specs: readonly FieldSpec[]): Transformer {
  const compiled = images.map((image) => ({ image, matches: compileImageName(image.name ?? '') }));
  return {
    transform(resources) {
      for (const resource of resources.items) {
        if (resource.kind !== 'CustomResourceDefinition') changeImages(resource, compiled, specs);
      }
    },
  };
}

function changeImages(resource: Resource, images: readonly CompiledImage[], specs: readonly FieldSpec[]): void {
  const holders: Mapping[] = [];
  collectContainers(resource.root, holders);
  if (holders.length === 0 && specsFor(specs, resource.gvk).length === 0) return;
  for (const image of images) {
    for (const holder of holders) holder.set('image', changeImage(holder.get('image')!, image));
    changeFields(resource, specs, { set: (node) => changeImage(node, image) });
  }
}

/** The mappings with an `image` in lists called `containers` or `initContainers`. */
function collectContainers(node: Node, holders: Mapping[]): void {
  if (Array.isArray(node)) {
    for (const item of node) collectContainers(item, holders);
  } else if (node instanceof Map) {
    for (const [name, value] of node) {
      collectContainers(value, holders);
      if ((name !== 'containers' && name !== 'initContainers') || !Array.isArray(value)) continue;
      for (const container of value) {
        if (!isNull(container)) expectKind(container, 'mapping');
        if (container instanceof Map && container.has('image')) holders.push(container);
      }
    }
  }
}

function changeImage(node: Node, { image, matches }: CompiledImage): Node {
  if (isNull(node)) return node;
  expectKind(node, 'scalar');
  const text = textOf(node);
  return matches(text) ? replaceScalar(node, untaggedScalar(newReference(text, image))) : node;
}

function newReference(text: string, { newName = '', newTag = '', digest: newDigest = '', tagSuffix = '' }: Image): string {
  let { name, tag, digest } = splitReference(text);
  if (newName !== '') name = newName;
  if (newTag !== '' || newDigest !== '') {
    tag = newTag;
    digest = newDigest;
  } else if (tagSuffix !== '') {
    tag += tagSuffix;
    digest = '';
  }
  return `${name}${tag === '' ? '' : `:${tag}`}${digest === '' ? '' : `@${digest}`}`;
}

/** Splits `registry:5000/name:tag@digest`. A colon before the first slash belongs to the registry. */
function splitReference(text: string): { name: string; tag: string; digest: string } {
  const slash = Math.max(text.indexOf('/'), 0);
  const at = text.indexOf('@', slash);
  const colon = text.indexOf(':', slash);
  if (at < 0 && colon < 0) return { name: text, tag: '', digest: '' };
  if (colon < 0 || (at >= 0 && at < colon)) return { name: text.slice(0, at), tag: '', digest: text.slice(at + 1) };
  if (at < 0) return { name: text.slice(0, colon), tag: text.slice(colon + 1), digest: '' };
  return { name: text.slice(0, colon), tag: text.slice(colon + 1, at), digest: text.slice(at + 1) };
}
