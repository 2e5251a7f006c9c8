import type { HttpResponse } from '@sluice/kube';
import { printYaml } from '@sluice/yaml';
import type { Representation } from './negotiate.js';
import type { StatusError } from './status.js';

/** Every answer is private to its caller, and says which priority level served it: clients that see that drop their own rate limit. */
const common = {
  'cache-control': 'no-cache, private',
  'x-kubernetes-pf-flowschema-uid': '24e7a5cb-1a2c-4f4e-8c7c-0d6b5e0f1a01',
  'x-kubernetes-pf-prioritylevel-uid': '6d1b0c1e-59a8-4a39-9a39-0c1b7c3f2a02',
} as const;

const jsonHeaders = { ...common, 'content-type': 'application/json' };

export function json(status: number, body: string, warnings: readonly string[] = []): HttpResponse {
  return { status, headers: warnings.length === 0 ? jsonHeaders : { ...jsonHeaders, warning: warningHeaders(warnings) }, body };
}

export function plainText(status: number, body: string, contentType = 'text/plain; charset=utf-8'): HttpResponse {
  return { status, headers: { ...common, 'content-type': contentType, 'x-content-type-options': 'nosniff' }, body };
}

/** An answer in the encoding that was asked for, from its JSON text. */
export function encoded(
  status: number,
  body: string,
  { encoding }: Representation,
  warnings: readonly string[],
  isPretty = false,
): HttpResponse {
  if (encoding === 'json') return json(status, isPretty ? JSON.stringify(JSON.parse(body), undefined, 2) : body, warnings);
  const response = json(status, printYaml(JSON.parse(body)), warnings);
  return { ...response, headers: { ...response.headers, 'content-type': 'application/yaml' } };
}

export function stream(body: AsyncIterable<Uint8Array>, warnings: readonly string[], contentType = 'application/json'): HttpResponse {
  return {
    status: 200,
    headers: { ...common, 'content-type': contentType, ...(warnings.length === 0 ? {} : { warning: warningHeaders(warnings) }) },
    body,
  };
}

export function errorResponse(error: StatusError, warnings: readonly string[] = []): HttpResponse {
  const response = json(error.code, error.body, warnings);
  const seconds = error.details?.retryAfterSeconds;
  return seconds === undefined ? response : { ...response, headers: { ...response.headers, 'retry-after': String(seconds) } };
}

/** Warning headers are ASCII in quotes; one text comes once. */
function warningHeaders(warnings: readonly string[]): string[] {
  return [...new Set(warnings)].map((text) => `299 - "${text.replace(/["\\]/g, '\\$&').replace(/[^\x20-\x7e]/g, ' ')}"`);
}
