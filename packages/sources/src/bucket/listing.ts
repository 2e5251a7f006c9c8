import { SluiceError } from '@sluice/core';
import type { BucketObject } from './provider.js';

export interface ListingPage {
  readonly objects: readonly BucketObject[];
  /** Where the next page begins; undefined at the end. */
  readonly next?: string;
}

/** Reads a page of ListObjectsV2. It is XML of a fixed, flat form without attributes that matter. */
export function parseListing(xml: string): ListingPage {
  if (!/<ListBucketResult[\s>]/.test(xml)) throw invalid('it is no list of objects');
  const objects = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, content = '']) => {
    const key = element(content, 'Key');
    const size = Number(element(content, 'Size') ?? 'none');
    if (key === undefined || key === '' || !Number.isSafeInteger(size) || size < 0) throw invalid('an object has no key or size');
    return { key, size, etag: (element(content, 'ETag') ?? '').replaceAll('"', '') };
  });
  if (element(xml, 'IsTruncated') !== 'true') return { objects };
  const next = element(xml, 'NextContinuationToken');
  if (next === undefined || next === '') throw invalid('it goes on, and does not say where');
  return { objects, next };
}

/** What a failed request says: its code and its message. */
export function parseFailure(xml: string): { readonly code?: string; readonly message?: string } {
  const code = element(xml, 'Code');
  const message = element(xml, 'Message');
  return { ...(code !== undefined && { code }), ...(message !== undefined && { message: message.slice(0, 500) }) };
}

function element(xml: string, name: string): string | undefined {
  const start = xml.indexOf(`<${name}>`);
  const end = start < 0 ? -1 : xml.indexOf(`</${name}>`, start);
  return end < 0 ? undefined : unescape(xml.slice(start + name.length + 2, end));
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescape(text: string): string {
  return text.replaceAll(
    /&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(amp|lt|gt|quot|apos));/g,
    (all, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return entities[name] ?? all;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : all;
    },
  );
}

function invalid(why: string): SluiceError {
  return new SluiceError('SourceAnswerInvalid', `the bucket's listing does not parse: ${why}`);
}
