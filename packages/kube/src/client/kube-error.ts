import { isJsonObject, SluiceError } from '@sluice/core';
import { headerOf, type HttpHeaders } from '../http.js';

/** The `Status` object of the API, as far as errors need it. */
export interface Status {
  readonly message?: string;
  /** `NotFound`, `Conflict`, `Invalid`, `Forbidden`, …; absent where the server gives none. */
  readonly reason?: string;
  readonly code?: number;
  readonly details?: StatusDetails;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** The server's answer to a request that it refused. The message is the server's own. */
export class KubeError extends SluiceError {
  readonly code: number;
  /** The server's Status; one is made up from the answer when something else answered (a proxy, a load balancer). */
  readonly status: Status;

  constructor(code: number, status: Status) {
    super('KubeRefused', status.message ?? `the server answered ${code}`);
    this.code = code;
    this.status = status;
  }

  /** The reason of the Status: `NotFound`, `Conflict`, …; empty where the server gives none. */
  get statusReason(): string {
    return this.status.reason ?? '';
  }

  get causes(): readonly StatusCause[] {
    return this.status.details?.causes ?? [];
  }
}

/** The error that an answer with a status of 400 or above stands for. */
export function errorFromAnswer(code: number, headers: HttpHeaders, body: string): KubeError {
  const status = statusFromBody(body);
  if (status !== undefined) return new KubeError(code, status);
  const text = headerOf(headers, 'content-type')?.startsWith('text/html') === true ? '' : body.trim().slice(0, 1024);
  const details = retryAfterOf(headers);
  return new KubeError(code, {
    message: text === '' ? `the server answered ${code} without saying why` : text,
    reason: reasonOfCode(code),
    code,
    ...(details === undefined ? {} : { details: { retryAfterSeconds: details } }),
  });
}

/** A Status from what a watch or a body says; undefined when it is something else. */
export function statusFromBody(body: string): Status | undefined {
  if (!body.startsWith('{')) return undefined;
  try {
    return statusFromJson(JSON.parse(body));
  } catch {
    return undefined;
  }
}

export function statusFromJson(value: unknown): Status | undefined {
  return isJsonObject(value) && value['kind'] === 'Status' && typeof (value['message'] ?? '') === 'string' ? value : undefined;
}

/** Seconds of the Retry-After header; an HTTP date, which no API server sends, is not understood. */
export function retryAfterOf(headers: HttpHeaders): number | undefined {
  const value = headerOf(headers, 'retry-after');
  return value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) : undefined;
}

function reasonOfCode(code: number): string {
  return reasonsByCode[code] ?? (code >= 500 ? 'InternalError' : 'BadRequest');
}

const reasonsByCode: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

function hasReason(error: unknown, reason: string): error is KubeError {
  return error instanceof KubeError && error.statusReason === reason;
}

/** The object, or the path, is not there. */
export function isNotFound(error: unknown): error is KubeError {
  return error instanceof KubeError && error.code === 404;
}

/** Written with an old resourceVersion, or applied over another manager's fields. */
export function isConflict(error: unknown): error is KubeError {
  return hasReason(error, 'Conflict');
}

export function isAlreadyExists(error: unknown): error is KubeError {
  return hasReason(error, 'AlreadyExists');
}

/** The object did not pass validation; the causes say which fields. */
export function isInvalid(error: unknown): error is KubeError {
  return hasReason(error, 'Invalid');
}

export function isForbidden(error: unknown): error is KubeError {
  return error instanceof KubeError && error.code === 403;
}

export function isUnauthorized(error: unknown): error is KubeError {
  return error instanceof KubeError && error.code === 401;
}

/** A version that the server no longer has: list again. */
export function isGone(error: unknown): error is KubeError {
  return error instanceof KubeError && (error.code === 410 || error.statusReason === 'Expired');
}

/** The server asks to come back later, or something in front of it failed: the same request may work in a moment. */
export function isTransient(error: unknown): boolean {
  if (error instanceof KubeError) return error.code === 429 || error.code >= 500;
  return error instanceof SluiceError && (error.reason === 'KubeUnreachable' || error.reason === 'KubeTimeout');
}

/** No such kind is served (yet): its CustomResourceDefinition is missing. */
export function isKindUnknown(error: unknown): boolean {
  return error instanceof SluiceError && error.reason === 'KubeKindUnknown';
}
