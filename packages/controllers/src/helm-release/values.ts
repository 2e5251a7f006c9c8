import { errorMessage, isJsonObject, type KubeObject } from '@sluice/core';
import type { HelmRelease } from '@sluice/api';
import { mergeValues, parseValues, setValues, type Values } from '@sluice/helm';
import type { DecryptValues } from './decrypt-values.js';

type ValuesReference = NonNullable<HelmRelease['spec']['valuesFrom']>[number];

/** Reads a ConfigMap or Secret; undefined when it is not there. */
export type ReadValuesObject = (kind: 'ConfigMap' | 'Secret', name: string) => Promise<KubeObject | undefined>;

const DEFAULT_KEY = 'values.yaml';

/** The values of a HelmRelease: those of its references in their order, below its own. */
export async function composeValues(
  { spec, metadata }: HelmRelease,
  read: ReadValuesObject,
  decrypt: DecryptValues = (text) => Promise.resolve(text),
): Promise<Values> {
  // A copy, as values at a targetPath below a table of its own go into that table, and so win over what is there.
  const own = structuredClone((spec.values ?? {}) as Values);
  const objects = new Map<string, KubeObject | undefined>();
  let result: Values = {};
  for (const reference of spec.valuesFrom ?? []) {
    const fail = (why: string, cause?: unknown): Error => unresolved(metadata.namespace ?? '', reference, why, cause);
    const { kind, name } = reference;
    if (kind !== 'ConfigMap' && kind !== 'Secret') throw fail('unsupported values reference kind');
    const id = `${kind}/${name}`;
    const isFirst = !objects.has(id);
    // One object is read once, so that all of its keys are of one version.
    if (isFirst) objects.set(id, await read(kind, name));
    const object = objects.get(id);
    if (object === undefined) {
      if (reference.optional === true) continue;
      throw fail(isFirst ? `${kind.toLowerCase()}s ${JSON.stringify(name)} not found` : 'resource not found');
    }
    const valuesKey = reference.valuesKey ?? DEFAULT_KEY;
    const text = textAt(object, valuesKey);
    if (text === undefined) {
      if (reference.optional === true) continue;
      throw fail('key not found');
    }
    try {
      result = merged(result, own, reference, await decrypt(text, valuesKey));
    } catch (error) {
      throw fail(errorMessage(error), error);
    }
  }
  return mergeValues(result, own);
}

function merged(result: Values, own: Values, { targetPath = '', literal = false }: ValuesReference, text: string): Values {
  if (targetPath === '') return mergeValues(result, documentValues(text));
  const target = mergeValues(result, own);
  if (literal) setValues(target, `${targetPath}=${escaped(text)}`, 'string');
  else if (isQuoted(text)) setValues(target, `${targetPath}=${text.replaceAll(/^['"]+|['"]+$/g, '')}`, 'string');
  else setValues(target, `${targetPath}=${text}`, 'set');
  return target;
}

/** The first document only; a fault says of what type Helm's values are there. */
function documentValues(text: string): Values {
  try {
    return parseValues(text, 3);
  } catch (error) {
    if (error instanceof Error) error.message = error.message.replace('of type map[string]interface {}', 'of type common.Values');
    throw error;
  }
}

function isQuoted(text: string): boolean {
  return ['"', "'"].some((quote) => text.startsWith(quote) && text.endsWith(quote));
}

/** So that the syntax of --set finds nothing in it. */
function escaped(text: string): string {
  return text.replaceAll(/[\\,[\]{}]/g, String.raw`\$&`);
}

function textAt(object: KubeObject, key: string): string | undefined {
  const data = object['data'];
  const value = isJsonObject(data) && Object.hasOwn(data, key) ? data[key] : undefined;
  if (typeof value !== 'string') return undefined;
  return object.kind === 'Secret' ? Buffer.from(value, 'base64').toString('utf8') : value;
}

function unresolved(namespace: string, { kind, name, valuesKey = DEFAULT_KEY }: ValuesReference, why: string, cause: unknown): Error {
  const message = `could not resolve ${kind} chart values reference '${namespace}/${name}' with key '${valuesKey}': ${why}`;
  return new Error(message, cause === undefined ? {} : { cause });
}
