import { SluiceError } from '@sluice/core';
import { atPlace, wrapError } from '../errors.js';
import type { DataGenerator, GeneratorOptions } from '../kustomization/kustomization.js';
import { Scalar, ensureMapping, stringScalar, type Mapping } from '../node/node.js';
import { readBehavior } from '../resource/build-annotations.js';
import { base64Lines, dataScalar } from '../resource/data-map.js';
import { compareText } from '../resource/gvk.js';
import { Resource, type ResourcePlace } from '../resource/resource.js';
import { loadKeyValues, type KeyValue } from './key-values.js';

/** Generates a ConfigMap or a Secret. */
export function generateData(
  kind: 'ConfigMap' | 'Secret',
  generator: DataGenerator,
  load: (path: string) => Uint8Array,
  place: ResourcePlace | undefined,
): Resource {
  const { name = '', namespace = '', options = {} } = generator;
  if (name === '') throw new SluiceError('KustomizationInvalid', 'a configmap must have a name', atPlace(place));
  const root: Mapping = new Map();
  root.set('apiVersion', stringScalar('v1'));
  root.set('kind', stringScalar(kind));
  const metadata = ensureMapping(root, 'metadata');
  metadata.set('name', stringScalar(name));
  if (namespace !== '') metadata.set('namespace', stringScalar(namespace));
  const pairs = distinctPairs(name, generator, load);
  if (kind === 'Secret') {
    root.set('type', stringScalar(generator.type === undefined || generator.type === '' ? 'Opaque' : generator.type));
    const data = ensureMapping(root, 'data');
    for (const { key, value } of pairs) data.set(key, dataScalar(base64Lines(value)));
  } else {
    for (const { key, value } of pairs) setConfigMapKey(root, key, value);
  }
  setPairs(metadata, 'labels', options.labels);
  setPairs(metadata, 'annotations', options.annotations);
  if (options.immutable === true) root.set('immutable', new Scalar('true', '!!bool', false));
  const resource = new Resource(root, place);
  resource.needsHash = options.disableNameSuffixHash !== true;
  resource.behavior = readBehavior(generator.behavior ?? '');
  return resource;
}

function distinctPairs(name: string, generator: DataGenerator, load: (path: string) => Uint8Array): KeyValue[] {
  let pairs: KeyValue[];
  try {
    pairs = loadKeyValues(generator, load);
  } catch (error) {
    throw wrapError(error, 'loading KV pairs');
  }
  const known = new Set<string>();
  for (const { key } of pairs) {
    if (known.has(key)) throw new SluiceError('KustomizationInvalid', `configmap ${name} illegally repeats the key \`${key}\``);
    known.add(key);
  }
  return pairs.sort((a, b) => compareText(a.key, b.key));
}

/** Text goes to `data`, bytes that are none to `binaryData`. */
function setConfigMapKey(root: Mapping, key: string, value: Uint8Array): void {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    ensureMapping(root, 'binaryData').set(key, dataScalar(base64Lines(value)));
    return;
  }
  ensureMapping(root, 'data').set(key, dataScalar(text));
}

function setPairs(metadata: Mapping, field: 'labels' | 'annotations', pairs: Readonly<Record<string, string>> | undefined): void {
  for (const key of Object.keys(pairs ?? {}).sort(compareText))
    ensureMapping(metadata, field).set(key, new Scalar(pairs![key]!, '!!str', true));
}

/** The options of one generator with those of the kustomization behind them. */
export function mergeGeneratorOptions(own: GeneratorOptions | undefined, global: GeneratorOptions | undefined): GeneratorOptions {
  if (global === undefined) return own ?? {};
  return {
    labels: { ...global.labels, ...own?.labels },
    annotations: { ...global.annotations, ...own?.annotations },
    disableNameSuffixHash: own?.disableNameSuffixHash === true || global.disableNameSuffixHash === true,
    immutable: own?.immutable === true || global.immutable === true,
  };
}
