import type { KeySealer, KeySource } from '@sluice/sops';
import { SluiceError } from '@sluice/core';
import { askJson, type CloudAccess } from '../cloud/exchange.js';
import type { WebRequest } from '../http/transport.js';

/** A service that holds keys of SOPS files: it opens and seals data keys, and never gives its own away. */
export interface KeyService extends KeySource, KeySealer {}

/** Asks a service, by JSON. */
export async function askService(
  what: string,
  request: { readonly url: URL; readonly headers: Readonly<Record<string, string>>; readonly body: string },
  access: CloudAccess,
): Promise<Readonly<Record<string, unknown>>> {
  const { url, headers, body } = request;
  const post: WebRequest = { method: 'POST', url, headers: { 'content-type': 'application/json', ...headers }, body };
  return askJson(what, post, access);
}

/** A text of an answer. */
export function textIn(answer: Readonly<Record<string, unknown>>, field: string, what: string): string {
  const value = answer[field];
  if (typeof value !== 'string' || value === '') throw new SluiceError('SourceAnswerInvalid', `${what}: the answer has no ${field}`);
  return value;
}

/** A path whose parts come from a file: none of them leads elsewhere. */
export function pathOf(...parts: readonly string[]): string {
  const segments = parts.flatMap((part) => part.split('/')).filter((segment) => segment !== '');
  if (segments.some((segment) => segment === '.' || segment === '..')) {
    throw new SluiceError('SopsMetadataInvalid', 'the name of a key holds a path');
  }
  return segments.map(encodeURIComponent).join('/');
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
