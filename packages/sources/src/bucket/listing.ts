import { SluiceError } from '@sluice/core';
import type { BucketObject } from './provider.js';
import { xmlText } from './xml.js';

export interface ListingPage {
  readonly objects: readonly BucketObject[];
  /** Where the next page begins; undefined at the end. */
  readonly next?: string;
}

/** Reads a page of ListObjectsV2. It is XML of a fixed, flat form without attributes that matter. */
export function parseListing(xml: string): ListingPage {
  if (!/<ListBucketResult[\s>]/.test(xml)) throw invalid('it is no list of objects');
  const objects = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, content = '']) => {
    const key = xmlText(content, 'Key');
    const size = Number(xmlText(content, 'Size') ?? 'none');
    if (key === undefined || key === '' || !Number.isSafeInteger(size) || size < 0) throw invalid('an object has no key or size');
    return { key, size, etag: (xmlText(content, 'ETag') ?? '').replaceAll('"', '') };
  });
  if (xmlText(xml, 'IsTruncated') !== 'true') return { objects };
  const next = xmlText(xml, 'NextContinuationToken');
  if (next === undefined || next === '') throw invalid('it goes on, and does not say where');
  return { objects, next };
}

/** What a failed request says: its code and its message. */
export function parseFailure(xml: string): { readonly code?: string; readonly message?: string } {
  const code = xmlText(xml, 'Code');
  const message = xmlText(xml, 'Message');
  return { ...(code !== undefined && { code }), ...(message !== undefined && { message: message.slice(0, 500) }) };
}

function invalid(why: string): SluiceError {
  return new SluiceError('SourceAnswerInvalid', `the bucket's listing does not parse: ${why}`);
}
