import { request } from 'node:https';
import { deadlineSignal, errorMessage } from '@sluice/core';

/** Sends a review over HTTPS and gives the body of the answer. Throws an Error in the words of the API server. */
export type Send = (call: SendCall) => Promise<string>;

export interface SendCall {
  /** With the `timeout` in its query. */
  readonly url: string;
  /** The authorities to trust, in base64; those of the system when empty. */
  readonly caBundle: string;
  readonly body: string;
  readonly timeoutMs: number;
}

/** What an answer may weigh: as much as a request. */
const MAX_ANSWER_BYTES = 3 * 1024 * 1024;

/** Each call has a connection of its own: nothing stays open when the cluster stops. */
export const sendHttps: Send = async ({ url, caBundle, body, timeoutMs }) => {
  const signal = deadlineSignal(timeoutMs);
  try {
    const { status, text } = await exchange(url, caBundle, body, signal);
    if (status < 200 || status > 206) throw new UnexpectedStatus(status, text);
    return text;
  } catch (error) {
    if (error instanceof UnexpectedStatus) throw error;
    const why = signal.aborted ? 'context deadline exceeded' : failureText(error, url);
    throw new Error(`Post ${JSON.stringify(url)}: ${why}`, { cause: error });
  }
};

function exchange(url: string, caBundle: string, body: string, signal: AbortSignal): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method: 'POST',
        agent: false,
        signal,
        headers: { 'content-type': 'application/json', accept: 'application/json', 'content-length': Buffer.byteLength(body) },
        ...(caBundle === '' ? {} : { ca: Buffer.from(caBundle, 'base64') }),
      },
      (answer) => {
        const chunks: Buffer[] = [];
        let size = 0;
        answer.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_ANSWER_BYTES) sent.destroy(new Error(`the answer is larger than ${MAX_ANSWER_BYTES} bytes`));
          else chunks.push(chunk);
        });
        answer.on('error', reject);
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

class UnexpectedStatus extends Error {
  constructor(status: number, body: string) {
    super(statusText(status, body));
  }
}

function statusText(status: number, body: string): string {
  switch (status) {
    case 400:
      return 'the server rejected our request for an unknown reason';
    case 401:
      return 'the server has asked for the client to provide credentials';
    case 403:
      return body.trim() || 'unknown';
    case 404:
      return 'the server could not find the requested resource';
    case 405:
      return 'the server does not allow this method on the requested resource';
    case 503:
      return 'the server is currently unable to handle the request';
    case 504:
      return 'the server was unable to return a response in the time allotted, but may still be processing the request';
    default:
      return status >= 500
        ? `an error on the server (${JSON.stringify(body.trim() || 'unknown')}) has prevented the request from succeeding`
        : `the server responded with the status code ${status} but did not return more information`;
  }
}

const dialFailures: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
  EADDRNOTAVAIL: 'cannot assign requested address',
};

const certificateFailures: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate signed by unknown authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate signed by unknown authority',
  UNABLE_TO_GET_ISSUER_CERT: 'certificate signed by unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate signed by unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate signed by unknown authority',
  CERT_SIGNATURE_FAILURE: 'certificate signed by unknown authority',
  CERT_HAS_EXPIRED: 'certificate has expired or is not yet valid',
  CERT_NOT_YET_VALID: 'certificate has expired or is not yet valid',
};

interface NodeFailure {
  readonly code?: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
  readonly errors?: readonly NodeFailure[];
}

/** Why a connection failed, as Go says it. */
function failureText(error: unknown, url: string): string {
  const failure = error as NodeFailure;
  // A name with several addresses fails with one error for each.
  const { code = '', address, port, hostname } = failure.errors?.[0] ?? failure;
  if (Object.hasOwn(dialFailures, code)) {
    const host = address?.includes(':') === true ? `[${address}]` : address;
    const where = host === undefined ? new URL(url).host : `${host}:${port}`;
    return `dial tcp ${where}: connect: ${dialFailures[code]}`;
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${hostname ?? new URL(url).hostname}: no such host`;
  if (code === 'ECONNRESET') return 'EOF';
  if (Object.hasOwn(certificateFailures, code)) return `tls: failed to verify certificate: x509: ${certificateFailures[code]}`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `tls: failed to verify certificate: x509: ${errorMessage(error)}`;
  return errorMessage(error);
}
