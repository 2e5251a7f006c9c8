import type { FieldSpec } from '../config/field-spec.js';
import type { Image } from '../kustomization/kustomization.js';
import { expectKind } from '../node/expect-kind.js';
import { Scalar, isNull, mappingOf, replaceScalar, untaggedScalar, type Mapping, type Node } from '../node/node.js';
import { compileImageName, type TextMatcher } from '../regex.js';
import type { Resource } from '../resource/resource.js';
import { changeFields } from './field-path.js';
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

/** A field with the name of an image. */
interface ImageField {
  readonly holder: Mapping;
  readonly name: string;
}

function changeImages(resource: Resource, images: readonly CompiledImage[], specs: readonly FieldSpec[]): void {
  // Images change no structure, so the fields are looked for once.
  const fields: ImageField[] = [];
  collectContainers(resource.root, fields);
  changeFields(resource, specs, {
    set(node, holder, name) {
      if (!isNull(node)) expectKind(node, 'scalar');
      fields.push({ holder, name });
      return node;
    },
  });
  for (const image of images) {
    for (const { holder, name } of fields) {
      const node = holder.get(name);
      if (node instanceof Scalar && !isNull(node)) holder.set(name, changeImage(node, image));
    }
  }
}

/** The images of lists called `containers` or `initContainers`. */
function collectContainers(node: Node, fields: ImageField[]): void {
  if (Array.isArray(node)) {
    for (const item of node) if (!(item instanceof Scalar)) collectContainers(item, fields);
  } else if (node instanceof Map) {
    node.forEach((value, name) => {
      if (value instanceof Scalar) return;
      collectContainers(value, fields);
      if ((name === 'containers' || name === 'initContainers') && Array.isArray(value)) collectImages(value, fields);
    });
  }
}

function collectImages(containers: readonly Node[], fields: ImageField[]): void {
  for (const container of containers) {
    if (!isNull(container)) expectKind(container, 'mapping');
    const image = mappingOf(container)?.get('image');
    if (image === undefined) continue;
    if (!isNull(image)) expectKind(image, 'scalar');
    fields.push({ holder: container as Mapping, name: 'image' });
  }
}

function changeImage(node: Scalar, { image, matches }: CompiledImage): Scalar {
  return matches(node.text) ? replaceScalar(node, untaggedScalar(newReference(node.text, image))) : node;
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
