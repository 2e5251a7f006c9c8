import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage, formatDuration } from '@sluice/core';
import { webhookPath } from '@sluice/notifications';
import type { FlagValues, Invocation } from '../command-line/index.js';
import { selectedNamespace } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import { FLUX_VERSION } from '../versions.js';

const TYPES = ['generic', 'generic-hmac', 'generic-oidc'];
const PROVIDERS = ['github', 'forgejo'];
const TOKEN_VARIABLE = 'FLUX_TRIGGER_RECEIVER_OIDC_TOKEN';
const DEFAULT_AUDIENCE = 'notification-controller';

/** Answers after which the same request may be taken: a webhook's path is not there before its Receiver is reconciled. */
const RETRYABLE: ReadonlySet<number> = new Set([404, 408, 429, 500, 502, 503, 504]);

/** `trigger receiver NAME`: sends a request to the webhook of a Receiver, without a cluster. */
export async function run(invocation: Invocation): Promise<void> {
  const { args, flags, terminal } = invocation;
  const [name] = args;
  if (name === undefined || args.length > 1) throw new Error(`accepts 1 arg(s), received ${args.length}`);
  const base = flags.string('url');
  if (base === '') throw new Error('--url is required');
  checkFlags(flags);
  const namespace = selectedNamespace(flags);
  const isOidc = flags.string('type') === 'generic-oidc';
  const url = `${base.replace(/\/+$/, '')}${webhookPath(isOidc ? '' : flags.string('token'), name, namespace)}`;
  if (!URL.canParse(url)) throw new Error(`--url ${JSON.stringify(base)} is no URL: write https://host or https://host/path`);
  const signal = deadlineOf(invocation);
  const headers = await headersFor(invocation, signal);
  terminal.action(`triggering Receiver ${namespace}/${name}`);
  const retries = flags.number('retries');
  const delay = flags.number('retry-delay');
  for (let attempt = 1; ; attempt++) {
    const failure = await send(url, headers, flags.string('payload'), signal);
    if (failure === undefined) break;
    if (!failure.isRetryable || attempt > retries) throw new Error(failure.message);
    terminal.waiting(`${failure.message}; retrying in ${formatDuration(delay)} (${attempt}/${retries})`);
    await sleep(delay, undefined, { signal }).catch(() => {
      throw new Error('context deadline exceeded');
    });
  }
  terminal.success(`Receiver ${namespace}/${name} triggered`);
}

interface Failure {
  readonly message: string;
  readonly isRetryable: boolean;
}

async function send(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  try {
    const answer = await fetch(url, { method: 'POST', headers, body, signal });
    const text = (await answer.text()).trim();
    if (answer.ok) return undefined;
    const status = `${answer.status} ${answer.statusText}`.trim();
    return {
      message: `request to ${url} failed with status ${status}${text === '' ? '' : `: ${text}`}`,
      isRetryable: RETRYABLE.has(answer.status),
    };
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return { message: `request to ${url} failed: ${errorMessage(cause)}`, isRetryable: !signal.aborted };
  }
}

async function headersFor({ flags, terminal }: Invocation, signal: AbortSignal): Promise<Record<string, string>> {
  const headers = { 'Content-Type': 'application/json', 'User-Agent': `flux/v${FLUX_VERSION}` };
  switch (flags.string('type')) {
    case 'generic-hmac': {
      const digest = createHmac('sha256', flags.string('token')).update(flags.string('payload')).digest('hex');
      return { ...headers, 'X-Signature': `sha256=${digest}` };
    }
    case 'generic-oidc':
      return { ...headers, Authorization: `Bearer ${await identityToken(flags, terminal.environment, signal)}` };
    default:
      return headers;
  }
}

function checkFlags(flags: FlagValues): void {
  const type = flags.string('type');
  const [token, provider, given, audience] = ['token', 'oidc-provider', 'oidc-token', 'oidc-audience'].map((flag) => flags.string(flag));
  if (!TYPES.includes(type)) throw new Error(`invalid --type ${JSON.stringify(type)}, must be one of: ${TYPES.join(', ')}`);
  if (type !== 'generic-oidc') {
    if (token === '') throw new Error(`--token is required for --type=${type}`);
    if (provider !== '' || given !== '' || audience !== '')
      throw new Error('--oidc-provider, --oidc-token and --oidc-audience can only be set for --type=generic-oidc');
    return;
  }
  if (token !== '') throw new Error('--token must not be set for --type=generic-oidc, the Receiver of this type has no secret');
  if (provider !== '' && given !== '') throw new Error('--oidc-provider and --oidc-token are mutually exclusive');
  if (provider !== '' && !PROVIDERS.includes(provider ?? ''))
    throw new Error(`invalid --oidc-provider ${JSON.stringify(provider)}, must be one of: ${PROVIDERS.join(', ')}`);
  if (audience !== '' && provider === '') throw new Error('--oidc-audience can only be set together with --oidc-provider');
}

/** The token of --oidc-token, of the environment, or of the job of a pipeline, which may ask for one. */
async function identityToken(
  flags: FlagValues,
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<string> {
  if (flags.string('oidc-provider') === '') {
    const token = flags.string('oidc-token') || environment[TOKEN_VARIABLE];
    if (token === undefined || token === '')
      throw new Error(`no OIDC token provided: set --oidc-provider, --oidc-token or the ${TOKEN_VARIABLE} environment variable`);
    return token;
  }
  const { ACTIONS_ID_TOKEN_REQUEST_URL: address, ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer } = environment;
  if (address === undefined || bearer === undefined || !URL.canParse(address))
    throw new Error("this is no job that may ask for an OIDC token: it needs 'permissions: id-token: write'");
  const url = new URL(address);
  url.searchParams.set('audience', flags.string('oidc-audience') || DEFAULT_AUDIENCE);
  const answer = await fetch(url, { headers: { Authorization: `Bearer ${bearer}` }, signal });
  const { value } = (await answer.json()) as { value?: unknown };
  if (!answer.ok || typeof value !== 'string') throw new Error(`the job's OIDC token was refused with status ${answer.status}`);
  return value;
}
