import { Scalar, type Mapping } from '../node/node.js';
import { compareText } from './gvk.js';
import type { Resource } from './resource.js';

/** Sets `data` or `binaryData` from texts, keys in order; none of them takes the field away. */
export function setDataMap(resource: Resource, field: 'data' | 'binaryData', texts: ReadonlyMap<string, string>): void {
  if (texts.size === 0) {
    resource.root.delete(field);
    return;
  }
  const data: Mapping = new Map();
  for (const key of [...texts.keys()].sort(compareText)) data.set(key, dataScalar(texts.get(key) ?? ''));
  resource.root.set(field, data);
}

/** A text as the value of a generated key: a block where it has several lines. */
export function dataScalar(text: string): Scalar {
  return new Scalar(text, '!!str', text.includes('\n'));
}

const LINE_LENGTH = 70;

/** Bytes in base64, in lines of 70 characters where one does not hold them. */
export function base64Lines(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  if (text.length < LINE_LENGTH) return text;
  return text.replace(/.{1,70}/g, '$&\n');
}
