import { randomBytes } from 'node:crypto';
import type { Alert, Provider } from '@sluice/api';
import { errorMessage, parseDuration, SluiceError, withDeadline } from '@sluice/core';
import type { Cluster } from '@sluice/kube';
import { prepareNotification, type MetadataConflict, type NotificationEvent, type Outlet } from '@sluice/notifications';
import type { Clock } from '@sluice/runtime';
import { gitHubAppFromSecret, googleScopes, type CloudAccess, type HttpAccess } from '@sluice/sources';
import { ENABLE_ACCOUNTS } from '../source/authentication.js';
import type { CloudIdentities, CloudIdentityPool } from '../source/cloud.js';
import { hasTls, secretsOf, textIn, tlsOf, type Secret, type Secrets, type TlsMaterial } from '../source/secrets.js';
import type { Connections } from './connections.js';
import { createHttpOutlet } from './http-outlet.js';
import { sendMail } from './mail.js';
import { publishNats } from './nats.js';

export interface SendWorld {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly identities: CloudIdentityPool;
  /** What was opened for the Provider before. */
  readonly connections: Connections;
  /** Lets Providers be at link-local addresses, where clouds keep their machines' credentials. */
  readonly allowLinkLocal: boolean;
  readonly signal: AbortSignal;
}

const DEFAULT_TIMEOUT_MS = 15_000;

/** Servers of Git may have their authority in the Secret with the token. */
const withTlsInSecret = new Set(['github', 'gitlab', 'gitea', 'bitbucketserver', 'bitbucket', 'azuredevops']);

/**
 * Tells a Provider of an event for an Alert. The Secrets are read each time: what was rotated counts at once.
 *
 * @returns the keys of metadata that more than one side set
 * @throws what the Provider's owner should know, without any secret in it
 */
export async function sendNotification(
  world: SendWorld,
  event: NotificationEvent,
  alert: Alert,
  provider: Provider,
): Promise<readonly MetadataConflict[]> {
  const { timeout } = provider.spec;
  const timeoutMs = timeout === undefined ? DEFAULT_TIMEOUT_MS : parseDuration(timeout);
  return await withDeadline(timeoutMs, world.signal, (signal) => send({ ...world, signal }, event, alert, provider, timeoutMs));
}

async function send(
  { cluster, clock, identities: pool, connections, allowLinkLocal, signal }: SendWorld,
  event: NotificationEvent,
  alert: Alert,
  provider: Provider,
  timeoutMs: number,
): Promise<readonly MetadataConflict[]> {
  const { spec } = provider;
  const identities = pool.of(provider, 'post');
  const secrets = secretsOf(provider, cluster, signal);
  let secret: Secret | undefined;
  try {
    secret = spec.secretRef === undefined ? undefined : await requireSecret(secrets, spec.secretRef.name);
    const data = secret === undefined ? undefined : textsOf(secret);
    const notification = prepareNotification(event, { object: alert, spec: alert.spec }, { object: provider, spec }, data);
    const tls = await tlsMaterial(provider, secrets, secret);
    const proxy = await proxyOf(provider, secrets, secret);
    const access = { ...tls, allowLinkLocal, ...proxy };
    const { namespace = '', name = '', uid = '' } = alert.metadata;
    const outlet: Outlet = {
      alert: { namespace, name, uid },
      send: createHttpOutlet((url) => connections.to(url, access), clock, signal),
      publish: (message) =>
        publishNats(message, { ca: tls.ca, cert: tls.clientCertificate, key: tls.clientKey }, { allowLinkLocal, signal }),
      mail: (message) => sendMail(message, tls, timeoutMs, { allowLinkLocal, signal }),
      async googleToken(key) {
        const own =
          key === ''
            ? identities.google(googleScopes.pubSub, await cloudAccess(provider, identities, proxy))
            : identities.googleAccount(key, googleScopes.pubSub, proxy);
        return await own(signal);
      },
      async azureToken(scope) {
        const access = await cloudAccess(provider, identities, proxy);
        return await identities.azure(scope.replace(/\/\.default$/, ''), access)(signal);
      },
      async githubAppToken() {
        const own = gitHubAppFromSecret(secret?.data ?? {}, proxy);
        const app = { ...(tls.ca === undefined ? {} : { ca: tls.ca }), ...own };
        const { password = '' } = await identities.gitHub.credentials(app, signal);
        return { token: password, slug: spec.type.endsWith('comment') ? await identities.gitHub.slug(app, signal) : '' };
      },
      now: () => new Date(clock.now()),
      randomBytes: (count) => randomBytes(count),
    };
    await notification.notify(notification.event, outlet);
    return notification.conflicts;
  } catch (error) {
    throw new Error(withoutSecrets(errorMessage(error), secret), { cause: error });
  }
}

async function requireSecret(secrets: Secrets, name: string): Promise<Secret> {
  try {
    return await secrets.get(name);
  } catch (error) {
    throw new Error(`failed to get secret '${secrets.id(name)}': ${errorMessage(error)}`, { cause: error });
  }
}

function textsOf(secret: Secret): Record<string, string> {
  return Object.fromEntries(Object.keys(secret.data).map((key) => [key, textIn(secret, key) ?? '']));
}

async function tlsMaterial({ spec }: Provider, secrets: Secrets, secret: Secret | undefined): Promise<TlsMaterial> {
  if (spec.certSecretRef !== undefined) return await secrets.tls(spec.certSecretRef.name);
  return secret !== undefined && withTlsInSecret.has(spec.type) && hasTls(secret) ? tlsOf(secret) : {};
}

/** The Secret made for it, the older key of the other Secret, the older field: in this order. */
async function proxyOf({ spec }: Provider, secrets: Secrets, secret: Secret | undefined): Promise<Pick<HttpAccess, 'proxy'>> {
  if (spec.proxySecretRef !== undefined) return { proxy: await secrets.proxy(spec.proxySecretRef.name) };
  const proxy = (secret === undefined ? undefined : textIn(secret, 'proxy')?.trim()) ?? spec.proxy;
  return proxy === undefined || proxy === '' ? {} : { proxy };
}

/** Whom to be in a cloud: the ServiceAccount that the Provider names, or else this process. */
async function cloudAccess({ spec }: Provider, { asAccount }: CloudIdentities, access: CloudAccess): Promise<CloudAccess> {
  const { serviceAccountName = '' } = spec;
  if (serviceAccountName === '') return access;
  if (asAccount === undefined) throw new SluiceError('ProviderInvalid', ENABLE_ACCOUNTS);
  return { ...access, ...(await asAccount(serviceAccountName)) };
}

/** Texts of a Secret that are long enough to be found by chance nowhere else. */
const SHORTEST_SECRET = 4;

/** Servers and libraries put what they were given into their errors. */
function withoutSecrets(message: string, secret: Secret | undefined): string {
  if (secret === undefined) return message;
  const hidden = Object.values(textsOf(secret)).flatMap((text) => [text, text.trim(), encodeURIComponent(text.trim())]);
  return hidden
    .filter((text) => text.length >= SHORTEST_SECRET)
    .toSorted((a, b) => b.length - a.length)
    .reduce((text, value) => text.replaceAll(value, '*****'), message);
}
