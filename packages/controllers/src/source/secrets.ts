import { createSecureContext } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { errorMessage, type KubeObject } from '@sluice/core';
import type { Cluster } from '@sluice/kube';

export interface Secret {
  /** `namespace/name`. */
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly data: Readonly<Record<string, Uint8Array>>;
}

/** Certificates as the clients of sources take them. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
}

/** The Secrets in an object's namespace, read when they are asked for. What is missing in them is said as Flux says it. */
export interface Secrets {
  /** The id of a Secret of that name: `namespace/name`. */
  readonly id: (name: string) => string;
  readonly find: (name: string) => Promise<Secret | undefined>;
  /** Throws `secrets "x" not found`. */
  readonly get: (name: string) => Promise<Secret>;
  readonly tls: (name: string) => Promise<TlsMaterial>;
  /** The address of a proxy, with its credentials. */
  readonly proxy: (name: string) => Promise<string>;
  /** The Secrets that a ServiceAccount pulls images with. */
  readonly pullSecrets: (serviceAccount: string) => Promise<Secret[]>;
}

export function secretsOf({ metadata }: Pick<KubeObject, 'metadata'>, cluster: Pick<Cluster, 'get'>, signal: AbortSignal): Secrets {
  const namespace = metadata.namespace ?? '';
  const id = (name: string): string => `${namespace}/${name}`;

  async function find(name: string): Promise<Secret | undefined> {
    const secret = await cluster.get({ apiVersion: 'v1', kind: 'Secret', namespace, name }, { signal });
    if (secret === undefined) return undefined;
    const data = Object.entries((secret['data'] ?? {}) as Readonly<Record<string, string>>);
    return {
      id: id(name),
      name,
      type: typeof secret['type'] === 'string' ? secret['type'] : '',
      data: Object.fromEntries(data.map(([key, value]) => [key, Buffer.from(value, 'base64')])),
    };
  }

  async function need(name: string): Promise<Secret> {
    let secret;
    try {
      secret = await find(name);
    } catch (error) {
      signal.throwIfAborted();
      throw new Error(`failed to get secret '${id(name)}': ${errorMessage(error)}`, { cause: error });
    }
    if (secret === undefined) throw new Error(`secret '${id(name)}' not found`);
    return secret;
  }

  return {
    id,
    find,
    async get(name) {
      const secret = await find(name);
      if (secret === undefined) throw new Error(`secrets ${JSON.stringify(name)} not found`);
      return secret;
    },
    tls: async (name) => tlsOf(await need(name)),
    proxy: async (name) => proxyOf(await need(name)),
    async pullSecrets(serviceAccount) {
      const account = await cluster.get({ apiVersion: 'v1', kind: 'ServiceAccount', namespace, name: serviceAccount }, { signal });
      if (account === undefined) throw new Error(`serviceaccount '${id(serviceAccount)}' not found`);
      const references = (account['imagePullSecrets'] ?? []) as unknown as readonly { readonly name: string }[];
      try {
        return await Promise.all(references.map(({ name }) => need(name)));
      } catch (error) {
        const message = `failed to get image pull secret for serviceaccount '${id(serviceAccount)}': ${errorMessage(error)}`;
        throw new Error(message, { cause: error });
      }
    },
  };
}

/** The text under a key of a Secret; undefined when it is not there. */
export function textIn({ data }: Pick<Secret, 'data'>, key: string): string | undefined {
  return Object.hasOwn(data, key) ? Buffer.from(data[key]!).toString('utf8') : undefined;
}

/** `tls.crt`, `tls.key` and `ca.crt`, or the names that these had before. */
export function tlsOf(secret: Secret): TlsMaterial {
  const text = (key: string, former: string): string => textIn(secret, key) ?? textIn(secret, former) ?? '';
  const [certificate, key, ca] = [text('tls.crt', 'certFile'), text('tls.key', 'keyFile'), text('ca.crt', 'caFile')];
  if (certificate !== '' && key === '') throw new Error(`secret '${secret.id}' contains 'tls.crt' but missing 'tls.key'`);
  if (certificate === '' && key !== '') throw new Error(`secret '${secret.id}' contains 'tls.key' but missing 'tls.crt'`);
  if (certificate === '' && ca === '') {
    throw new Error(`secret '${secret.id}' must contain either 'ca.crt' or both 'tls.crt' and 'tls.key'`);
  }
  if (certificate !== '') checkPair(certificate, key);
  if (ca !== '') checkAuthority(ca);
  return { ...(ca !== '' && { ca }), ...(certificate !== '' && { clientCertificate: certificate, clientKey: key }) };
}

/** Whether a Secret holds any of that. */
export function hasTls({ data }: Secret): boolean {
  return ['tls.crt', 'tls.key', 'ca.crt', 'certFile', 'keyFile', 'caFile'].some((key) => Object.hasOwn(data, key));
}

function checkPair(cert: string, key: string): void {
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new Error(`failed to parse TLS certificate and key: ${errorMessage(error)}`, { cause: error });
  }
}

function checkAuthority(ca: string): void {
  try {
    void new X509Certificate(ca).fingerprint256;
  } catch (error) {
    throw new Error('failed to parse CA certificate', { cause: error });
  }
}

const LONGEST_PROXY = 2048;
const PROXY_SCHEMES = ['http', 'https', 'socks5'];

function proxyOf(secret: Secret): string {
  const address = textIn(secret, 'address');
  if (address === undefined) throw new Error(`secret '${secret.id}': key 'address' not found`);
  const refuse = (why: string): Error => new Error(`secret '${secret.id}': ${why}`);
  if (address === '') throw refuse('proxy address is empty');
  if (address.length > LONGEST_PROXY) throw refuse(`proxy URL exceeds maximum length of ${LONGEST_PROXY} characters`);
  // Without its text in the message: there may be a password in it.
  if (!URL.canParse(address)) throw refuse('failed to parse proxy address: it is no URL');
  const proxy = new URL(address);
  const scheme = proxy.protocol.replace(/:$/, '');
  if (!PROXY_SCHEMES.includes(scheme)) {
    throw refuse(`proxy URL must use one of the supported schemes (${PROXY_SCHEMES.join(', ')}), got '${scheme}'`);
  }
  const username = textIn(secret, 'username');
  if (username !== undefined) {
    proxy.username = encodeURIComponent(username);
    proxy.password = encodeURIComponent(textIn(secret, 'password') ?? '');
  }
  return proxy.href;
}
