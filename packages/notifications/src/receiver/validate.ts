import { createHmac } from 'node:crypto';
import { errorMessage, isJsonObject, SluiceError } from '@sluice/core';
import { checkCdEvent } from './cd-event.js';
import { checkSignature, sameText } from './signature.js';
import { checkGoogle, checkOidc, type TokenVerifier } from './tokens.js';
import type { ReceiverSpec, WebhookContent, WebhookRequest } from './webhook.js';

/** What checking a webhook of one type needs. */
interface Webhook {
  readonly spec: ReceiverSpec;
  readonly body: Uint8Array;
  /** A header, or the empty text. */
  readonly header: (name: string) => string;
  /** The token of the Secret. */
  readonly token: string;
  readonly secret: Readonly<Record<string, string>>;
  readonly verifier: TokenVerifier;
}

/**
 * Whether a webhook is from whom the Receiver says, and one that it wants.
 *
 * @param secret the decoded data of the Receiver's Secret, and its name for messages; none where it names none
 * @throws {SluiceError} `WebhookRefused`
 */
export async function validateWebhook(
  spec: ReceiverSpec,
  request: WebhookRequest,
  secret: { readonly name: string; readonly data: Readonly<Record<string, string>> } | undefined,
  verifier: TokenVerifier,
): Promise<WebhookContent> {
  if (secret !== undefined && !Object.hasOwn(secret.data, 'token')) {
    throw refused(`invalid ${JSON.stringify(secret.name)} secret data: required field 'token'`);
  }
  const check = Object.hasOwn(checks, spec.type) ? checks[spec.type] : undefined;
  if (check === undefined) throw refused(`recevier type ${JSON.stringify(spec.type)} not supported`);
  return await check({
    spec,
    body: request.body,
    header: (name) => (Object.hasOwn(request.headers, name) ? (request.headers[name] ?? '') : ''),
    token: secret?.data['token'] ?? '',
    secret: secret?.data ?? {},
    verifier,
  });
}

const checks: Readonly<Record<string, (webhook: Webhook) => WebhookContent | Promise<WebhookContent>>> = {
  generic: ({ body }) => ({ body }),
  'generic-oidc': async ({ spec, body, header, verifier }) => ({
    body,
    claims: await checkOidc(spec.oidcProviders ?? [], header('authorization'), verifier),
  }),
  'generic-hmac': ({ body, header, token }) => {
    explain('unable to validate HMAC signature', () => checkSignature(header('x-signature'), body, token));
    return { body };
  },
  github(webhook) {
    const body = explain('the GitHub signature header is invalid, err', () => signedPayload(webhook));
    requireEvent(webhook, webhook.header('x-github-event'), 'GitHub event');
    return { body };
  },
  gitlab(webhook) {
    if (!sameText(webhook.header('x-gitlab-token'), webhook.token)) {
      throw refused('the X-Gitlab-Token header value does not match the receiver token');
    }
    requireEvent(webhook, webhook.header('x-gitlab-event'), 'GitLab event');
    return { body: webhook.body };
  },
  bitbucket(webhook) {
    const body = explain('the Bitbucket server signature header is invalid, err', () => signedPayload(webhook));
    requireEvent(webhook, webhook.header('x-event-key'), 'Bitbucket server event');
    return { body };
  },
  cdevents(webhook) {
    checkCdEvent(explain('unable to validate CDEvent event', () => parseJson(webhook.body)));
    requireEvent(webhook, webhook.header('ce-type'), 'CDEvent');
    return { body: webhook.body };
  },
  harbor({ body, header, token }) {
    if (!sameText(header('authorization'), token)) throw refused('the Harbor Authorization header value does not match the receiver token');
    return { body };
  },
  quay: ({ body }) => jsonOnly(body, 'Quay', { docker_url: 'string', updated_tags: 'array' }),
  dockerhub: ({ body }) => jsonOnly(body, 'DockerHub', { push_data: 'object', repository: 'object' }),
  acr: ({ body }) => jsonOnly(body, 'ACR', { action: 'string', target: 'object' }),
  nexus({ body, header, token }) {
    const signature = header('x-nexus-webhook-signature');
    if (signature === '') throw refused('the Nexus signature is missing from header');
    if (!sameText(signature, createHmac('sha1', token).update(body).digest('hex'))) throw refused('invalid Nexus signature');
    return jsonOnly(body, 'Nexus', { action: 'string', repositoryName: 'string' });
  },
  async gcr({ body, header, secret, verifier }) {
    const need = (field: string): string => {
      const value = Object.hasOwn(secret, field) ? (secret[field] ?? '') : '';
      if (value === '') throw refused(`invalid secret data: required field '${field}' for GCR receiver`);
      return value;
    };
    if (Object.keys(secret).length === 0) throw refused('secretRef is required for GCR receivers');
    const expected = { email: need('email'), audience: need('audience') };
    await checkGoogle(header('authorization'), expected, verifier).catch((error: unknown) =>
      Promise.reject(refused(`cannot authenticate GCR request: ${errorMessage(error)}`)),
    );
    return { body: unwrapPubSub(body) };
  },
};

/** What a Pub/Sub message holds: the part of it that filters are about. */
function unwrapPubSub(body: Uint8Array): Uint8Array {
  const envelope = explain('cannot decode GCR webhook payload', () => parseJson(body));
  const message = isJsonObject(envelope) && isJsonObject(envelope['message']) ? envelope['message'] : {};
  const data = Buffer.from(typeof message['data'] === 'string' ? message['data'] : '', 'base64');
  const event = explain('cannot decode GCR webhook body', () => parseJson(data));
  const { action = '', digest = '', tag = '' } = isJsonObject(event) ? event : {};
  return Buffer.from(JSON.stringify({ action, digest, tag }));
}

/** The JSON of a webhook as GitHub sends it: as it is, or as a field of a form; signed where the Receiver has a token. */
function signedPayload({ body, header, token }: Webhook): Uint8Array {
  const contentType = header('content-type');
  const type = (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
  if (type !== 'application/json' && type !== 'application/x-www-form-urlencoded') {
    throw refused(`webhook request has unsupported Content-Type ${JSON.stringify(contentType)}`);
  }
  if (token !== '') {
    const modern = header('x-hub-signature-256');
    checkSignature(modern === '' ? header('x-hub-signature') : modern, body, token);
  }
  if (type === 'application/json') return body;
  return Buffer.from(new URLSearchParams(Buffer.from(body).toString('utf8')).get('payload') ?? '');
}

function requireEvent({ spec }: Webhook, event: string, what: string): void {
  const { events = [] } = spec;
  if (events.length > 0 && !events.some((allowed) => allowed.toLowerCase() === event.toLowerCase())) {
    throw refused(`the ${what} ${JSON.stringify(event)} is not authorised`);
  }
}

/** Senders that sign nothing: what they send must at least be of their form. */
function jsonOnly(body: Uint8Array, what: string, fields: Readonly<Record<string, 'string' | 'array' | 'object'>>): WebhookContent {
  const value = explain(`cannot decode ${what} webhook payload`, () => parseJson(body));
  const isRight =
    value === null ||
    (isJsonObject(value) &&
      Object.entries(fields).every(([name, kind]) => {
        const field = value[name];
        if (field === undefined || field === null) return true;
        return kind === 'array' ? Array.isArray(field) : kind === 'object' ? isJsonObject(field) : typeof field === 'string';
      }));
  if (!isRight) throw refused(`cannot decode ${what} webhook payload: a field is of the wrong type`);
  return { body };
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch (error) {
    throw refused(errorMessage(error));
  }
}

function explain<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw refused(`${what}: ${errorMessage(error)}`);
  }
}

const refused = (message: string): SluiceError => new SluiceError('WebhookRefused', message);
