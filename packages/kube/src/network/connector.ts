import { createSecureContext, type SecureContext } from 'node:tls';
import { SluiceError } from '@sluice/core';
import { buildConnector } from 'undici';
import { readPem } from '../kubeconfig/load.js';
import type { ClusterConfig } from '../kubeconfig/types.js';
import type { Authenticator } from './authenticator.js';
import { openTunnel, proxyFromEnvironment } from './proxy.js';

const CONNECT_TIMEOUT_MS = 10_000;

/** Opens connections to the server: TLS with the certificates as they are at that moment, through a proxy where there is one. */
export function createConnector(
  config: ClusterConfig,
  authenticator: Authenticator,
  env: Readonly<Record<string, string | undefined>>,
): buildConnector.connector {
  const proxy = config.proxyUrl === undefined ? proxyFromEnvironment(new URL(config.server), env) : (config.proxyUrl ?? undefined);
  let current: { readonly key: string; readonly connect: buildConnector.connector } | undefined;

  /** The connector for the current certificates. It keeps TLS sessions, so it stays until they change. */
  const connector = (): buildConnector.connector => {
    const ca = config.certificateAuthority === undefined ? undefined : readPem(config.certificateAuthority);
    const own = authenticator.certificate?.();
    const cert = own?.certificate ?? (config.clientCertificate === undefined ? undefined : readPem(config.clientCertificate.certificate));
    const key = own?.key ?? (config.clientCertificate === undefined ? undefined : readPem(config.clientCertificate.key));
    const identity = JSON.stringify([ca, cert, key]);
    if (current?.key === identity) return current.connect;
    const connect = buildConnector({
      timeout: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
      rejectUnauthorized: !config.insecureSkipTlsVerify,
      ...(config.server.startsWith('https:') ? { secureContext: contextOf(ca, cert, key) } : {}),
      ...(config.tlsServerName === undefined ? {} : { servername: config.tlsServerName }),
    });
    current = { key: identity, connect };
    return connect;
  };

  return (options, callback) => {
    const done: buildConnector.Callback = (...result) => {
      const [error, socket] = result;
      if (error === null) callback(null, socket);
      else callback(explained(error, config), null);
    };
    try {
      const connect = connector();
      if (proxy === undefined) {
        connect(options, done);
        return;
      }
      const target = `${options.hostname}:${options.port === '' ? defaultPort(options.protocol) : options.port}`;
      openTunnel(proxy, target, CONNECT_TIMEOUT_MS, (error, socket) => {
        if (error !== null) done(error, null);
        else if (options.protocol === 'https:') connect({ ...options, httpSocket: socket }, done);
        else done(null, socket);
      });
    } catch (error) {
      done(error as Error, null);
    }
  };
}

/** What all connections have in common, made once: to read certificates takes longer than the rest of a handshake. */
function contextOf(ca: string | undefined, cert: string | undefined, key: string | undefined): SecureContext {
  return createSecureContext({
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  });
}

function defaultPort(protocol: string): string {
  return protocol === 'https:' ? '443' : '80';
}

/** Says which server it was, and of the errors that people meet what to do. */
function explained(error: Error, config: ClusterConfig): Error {
  if (error instanceof SluiceError) return error;
  const code = (error as { code?: string }).code;
  const hint = code === undefined ? undefined : hints[code];
  const wrapped = new Error(`${config.server}: ${error.message}${hint === undefined ? '' : ` (${hint})`}`, { cause: error });
  return Object.assign(wrapped, { code });
}

const WRONG_AUTHORITY = 'the certificate is not from the certificate-authority of the kubeconfig';
const hints: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: WRONG_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: WRONG_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: WRONG_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: WRONG_AUTHORITY,
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another name: correct the server address, or set tls-server-name',
  CERT_HAS_EXPIRED: "the server's certificate has expired",
  ECONNREFUSED: 'is the API server running?',
  ENOTFOUND: 'the name is not known',
};
