import { SluiceError, setOwn, type Json } from '@sluice/core';
import { booleanOf, floatOf, formatFloatG, integerOf, plainTag, timestampOf } from '@sluice/yaml';
import { Scalar, type Node } from './node.js';

/** A node as plain JSON: what it means once printed and read again. */
export function toJson(node: Node): Json {
  if (node instanceof Scalar) return scalarValue(node);
  if (Array.isArray(node)) return node.map(toJson);
  const result: Record<string, Json> = {};
  node.forEach((value, key) => setOwn(result, key, toJson(value)));
  return result;
}

/** Plain JSON as a node. Strings that look like something else stand in quotes. */
export function fromJson(value: Json): Node {
  if (Array.isArray(value)) return value.map(fromJson);
  switch (typeof value) {
    case 'string':
      return new Scalar(value, '!!str', value.includes('\n') || plainTag(value, 'sigs') !== '!!str');
    case 'number':
      return numberScalar(value);
    case 'bigint':
      return new Scalar(String(value), '!!int', false);
    case 'boolean':
      return new Scalar(String(value), '!!bool', false);
    default: {
      if (value === null) return new Scalar('null', '!!null', false);
      const mapping = new Map<string, Node>();
      for (const key of Object.keys(value)) mapping.set(key, fromJson((value as Record<string, Json>)[key]!));
      return mapping;
    }
  }
}

/** A float64 in the words of Go's YAML printer: 1000000 is `1e+06`. Its text shows where it is cut or pasted. */
function numberScalar(value: number): Scalar {
  const text = formatFloatG(value);
  return new Scalar(text, plainTag(text, 'kyaml'), false);
}

/** What a scalar means. */
export function scalarValue({ text, tag, quoted }: Scalar): Json {
  if (tag === '!!str') return text;
  const natural = plainTag(text, 'kyaml');
  if (quoted && (tag === '' || tag === natural)) return text;
  switch (tag === '' ? (text.includes('\n') ? '!!str' : natural) : tag) {
    case '!!int':
      if (natural !== '!!int') throw wrongTag(natural, text, tag);
      return integerOf(text, 'kyaml');
    case '!!float': {
      if (natural !== '!!float' && natural !== '!!int') throw wrongTag(natural, text, tag);
      const value = floatOf(text, 'kyaml');
      if (!Number.isFinite(value)) throw new SluiceError('ManifestInvalid', `json: unsupported value: ${formatFloatG(value)}`);
      return value;
    }
    case '!!bool':
      if (natural !== '!!bool') throw wrongTag(natural, text, tag);
      return booleanOf(text);
    case '!!null':
      if (natural !== '!!null') throw wrongTag(natural, text, tag);
      return null;
    case '!!timestamp':
      if (natural !== '!!timestamp') throw wrongTag(natural, text, tag);
      return timestampOf(text);
    case '!!binary':
      return Buffer.from(text, 'base64').toString('utf8');
    default:
      return text;
  }
}

function wrongTag(natural: string, text: string, tag: string): SluiceError {
  return new SluiceError('ManifestInvalid', `yaml: cannot decode ${natural} \`${text}\` as a ${tag}`);
}
