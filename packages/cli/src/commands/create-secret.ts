import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { errorMessage, isJsonObject } from '@sluice/core';
import { parseTrustPolicy } from '@sluice/sources';
import type { FlagValues, Invocation } from '../command-line/index.js';
import { connect, selectedNamespace } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import {
  applySecret,
  generateSshKeys,
  gitSecret,
  readSshKeys,
  registrySecret,
  scanHostKeys,
  secretOf,
  secretText,
  tlsSecret,
  type PlainSecret,
  type SecretName,
} from '../secrets/index.js';

/** Makes the Secret that the flags describe. */
type Make = (name: SecretName, invocation: Invocation) => Promise<PlainSecret>;

const makers = {
  git: makeGit,
  githubapp: makeGitHubApp,
  helm: makeHelm,
  notation: makeNotation,
  oci: makeOci,
  proxy: makeProxy,
  receiver: makeReceiver,
  sops: makeSops,
  tls: makeTls,
} satisfies Record<string, Make>;

/** As the messages call them. */
const TITLES: Readonly<Record<string, string>> = { notation: 'notation configuration' };

/** `create secret TYPE NAME`: prints a Secret, or puts it into the cluster. */
export async function createSecret(type: keyof typeof makers, invocation: Invocation): Promise<void> {
  const { args, flags, terminal } = invocation;
  const [name] = args;
  if (name === undefined) throw new Error('name is required');
  if (!/^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$/.test(name)) {
    throw new Error(
      `name '${name}' is invalid, it should adhere to standard defined in RFC 1123, the name can only contain alphanumeric characters or '-'`,
    );
  }
  const namespace = selectedNamespace(flags);
  const secret = await makers[type]({ name, namespace, labels: labelsOf(flags) }, invocation);
  if (flags.bool('export')) {
    // Of these, Flux ends all but one with an empty line; what is piped on is compared with what was piped before.
    terminal.out(type === 'tls' ? secretText(secret) : `${secretText(secret)}\n`);
    return;
  }
  const publicKey = secret.stringData?.['identity.pub'];
  if (publicKey !== undefined) terminal.generate(`deploy key: ${publicKey}`);
  const { cluster, close } = await connect(invocation);
  try {
    await applySecret(cluster, secret, deadlineOf(invocation));
  } finally {
    await close();
  }
  terminal.action(`${TITLES[type] ?? type} secret '${name}' created in '${namespace}' namespace`);
}

async function makeGit(name: SecretName, invocation: Invocation): Promise<PlainSecret> {
  const { flags } = invocation;
  const address = flags.string('url');
  if (address === '') throw new Error('url is required');
  if (!URL.canParse(address))
    throw new Error(`git URL parse failed: ${JSON.stringify(address)} is no URL: write ssh://git@host/path or https://host/path`);
  const url = new URL(address);
  const password = flags.string('password');
  switch (url.protocol) {
    case 'ssh:': {
      const keyPair = (await readSshKeys(flags.string('private-key-file'), password)) ?? generateSshKeys(flags);
      const knownHosts = await scanHostKeys(url.host, deadlineOf(invocation));
      return gitSecret(name, { keyPair, knownHosts, password });
    }
    case 'http:':
    case 'https:': {
      const username = flags.string('username');
      const bearerToken = flags.string('bearer-token');
      const isBasic = username !== '' && password !== '';
      if (!isBasic && bearerToken === '') throw new Error('for Git over HTTP/S the username and password, or a bearer token is required');
      if (isBasic && bearerToken !== '') throw new Error('user credentials and bearer token cannot be used together');
      const ca = await fileOf(flags, 'ca-crt-file', 'unable to read TLS CA file');
      return gitSecret(name, { ...(isBasic ? { username, password } : {}), bearerToken, ca });
    }
    default:
      throw new Error(`git URL scheme '${url.protocol.slice(0, -1)}' not supported, can be: ssh, http and https`);
  }
}

async function makeHelm(name: SecretName, { flags }: Invocation): Promise<PlainSecret> {
  const ca = await fileOf(flags, 'ca-crt-file', 'unable to read TLS CA file');
  const certificate = await fileOf(flags, 'tls-crt-file', 'failed to read cert file');
  const key = await fileOf(flags, 'tls-key-file', 'failed to read key file');
  const { username, password } = { username: flags.string('username'), password: flags.string('password') };
  if (certificate !== '' || key !== '') return tlsSecret(name, { ca, certificate, key });
  if (username !== '' || password !== '') {
    if (username === '') throw new Error('username is required');
    if (password === '') throw new Error('password is required');
    return secretOf(name, { username, password, 'ca.crt': ca }, 'kubernetes.io/basic-auth');
  }
  return ca === '' ? secretOf(name, {}) : tlsSecret(name, { ca, certificate, key });
}

async function makeTls(name: SecretName, { flags }: Invocation): Promise<PlainSecret> {
  return tlsSecret(name, {
    ca: await fileOf(flags, 'ca-crt-file', 'unable to read TLS CA file'),
    certificate: await fileOf(flags, 'tls-crt-file', 'failed to read cert file'),
    key: await fileOf(flags, 'tls-key-file', 'failed to read key file'),
  });
}

function makeOci(name: SecretName, { flags }: Invocation): Promise<PlainSecret> {
  const [registry, username, password] = ['url', 'username', 'password'].map((flag) => required(flags, flag)) as [string, string, string];
  // Docker names some registries by their URL; none by one of oci.
  if (!/^(https?:\/\/)?[a-zA-Z0-9][\w.:/@-]*$/.test(registry) || registry.startsWith('oci://'))
    throw new Error(`error parsing url: 'could not parse reference: ${registry}': write ghcr.io or https://ghcr.io`);
  return Promise.resolve(registrySecret({ ...name, registry, username, password }));
}

function makeProxy(name: SecretName, { flags }: Invocation): Promise<PlainSecret> {
  const address = flags.string('address');
  if (address === '') throw new Error('address is required');
  if (!URL.canParse(address)) throw new Error(`invalid proxy address: ${JSON.stringify(address)} is no URL`);
  return Promise.resolve(secretOf(name, { address, username: flags.string('username'), password: flags.string('password') }, 'Opaque'));
}

async function makeNotation(name: SecretName, { flags }: Invocation): Promise<PlainSecret> {
  const files = flags.list('ca-cert-file');
  if (files.length === 0) throw new Error('--ca-cert-file is required');
  const policyFile = required(flags, 'trust-policy-file');
  const policy = await fileOf(flags, 'trust-policy-file', 'unable to read trust policy file');
  checkTrustPolicy(policyFile, policy);
  const certificates: [string, string][] = [];
  const faults: string[] = [];
  for (const file of files) {
    const fileName = basename(file);
    if (!/\.(crt|pem)$/.test(fileName)) faults.push(`${fileName} must end with either .crt or .pem`);
    else
      await read(file, 'unable to read TLS CA file').then(
        (text) => certificates.push([fileName, text]),
        (error: unknown) => faults.push(errorMessage(error)),
      );
  }
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return secretOf(name, { ...Object.fromEntries(certificates), 'trustpolicy.json': policy });
}

function checkTrustPolicy(file: string, text: string): void {
  const unreadable = (why: string, cause?: unknown): Error => new Error(`failed to unmarshal trust policy ${file}: ${why}`, { cause });
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw unreadable(errorMessage(error), error);
  }
  if (!isJsonObject(document)) {
    const type = typeof document === 'boolean' ? 'bool' : Array.isArray(document) ? 'array' : typeof document;
    throw unreadable(`json: cannot unmarshal ${type} into Go value of type trustpolicy.Document`);
  }
  try {
    parseTrustPolicy(text);
  } catch (error) {
    throw new Error(`invalid trust policy: ${errorMessage(error)}`, { cause: error });
  }
}

async function makeGitHubApp(name: SecretName, { flags }: Invocation): Promise<PlainSecret> {
  const file = flags.string('app-private-key');
  const privateKey = await read(file, 'unable to read private key file');
  const appId = flags.string('app-id');
  if (appId === '') throw new Error('githubAppID is required');
  if (privateKey === '') throw new Error('githubAppPrivateKey is required');
  const owner = flags.string('app-installation-owner');
  const installationId = flags.string('app-installation-id');
  if ((owner === '') === (installationId === ''))
    throw new Error('exactly one of githubAppInstallationOwner or githubAppInstallationID must be provided');
  return secretOf(
    name,
    {
      githubAppID: appId,
      githubAppInstallationOwner: owner,
      githubAppInstallationID: installationId,
      githubAppPrivateKey: privateKey,
      githubAppBaseURL: flags.string('app-base-url'),
    },
    'Opaque',
  );
}

function makeReceiver(name: SecretName, { flags }: Invocation): Promise<PlainSecret> {
  const type = required(flags, 'type');
  const hostname = required(flags, 'hostname');
  const email = flags.string('email-claim');
  if (type === 'gcr' && email === '') throw new Error('--email-claim is required for gcr receiver type');
  const token = flags.string('token') === '' ? randomBytes(32).toString('hex') : flags.string('token');
  const digest = createHash('sha256').update(`${token}${name.name}${name.namespace}`).digest('hex');
  const webhook = `https://${hostname}/hook/${digest}`;
  const audience = flags.string('audience-claim') === '' ? webhook : flags.string('audience-claim');
  return Promise.resolve(
    secretOf(
      { ...name, annotations: { 'notification.toolkit.fluxcd.io/webhook': webhook } },
      { token, ...(type === 'gcr' ? { email, audience } : {}) },
    ),
  );
}

async function makeSops(name: SecretName, { flags }: Invocation): Promise<PlainSecret> {
  const values: [string, string][] = [];
  for (const [flag, ending] of [
    ['age-key-file', 'agekey'],
    ['gpg-key-file', 'asc'],
  ] as const) {
    for (const file of flags.list(flag)) {
      const text = await read(file, 'unable to read key file');
      const isKey = ending === 'asc' ? text.includes('PGP PRIVATE KEY BLOCK') : text.includes('AGE-SECRET-KEY-');
      if (!isKey) throw new Error(`${file} holds no ${ending === 'asc' ? 'armored OpenPGP private key' : 'private key of age'}`);
      values.push([
        `${basename(file)
          .replace(/\.[^.]*$/, '')
          .replace(/[^\w.-]/g, '_')}.${ending}`,
        text,
      ]);
    }
  }
  if (values.length === 0) throw new Error('at least one key must be provided: --age-key-file or --gpg-key-file');
  return secretOf(name, Object.fromEntries(values), 'Opaque');
}

/** `--label key=value`, repeatable. */
function labelsOf(flags: FlagValues): Record<string, string> {
  return Object.fromEntries(
    flags.list('label').map((label) => {
      const [key, value, ...rest] = label.split('=');
      if (key === undefined || value === undefined || rest.length > 0)
        throw new Error(`invalid label format '${label}', must be key=value`);
      const [prefix, part] = key.includes('/') ? key.split(/\/(.*)/s) : ['', key];
      if (!/^([a-z0-9]([a-z0-9.-]*[a-z0-9])?)?$/.test(prefix ?? '') || !LABEL.test(part ?? '')) throw new Error(`invalid label '${key}'`);
      if (value !== '' && !LABEL.test(value)) throw new Error(`invalid label value '${value}'`);
      return [key, value];
    }),
  );
}

const LABEL = /^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/;

function required(flags: FlagValues, flag: string): string {
  const value = flags.string(flag);
  if (value === '') throw new Error(`--${flag} is required`);
  return value;
}

/** The content of the file that a flag names; empty when it names none. */
function fileOf(flags: FlagValues, flag: string, failure: string): Promise<string> {
  const path = flags.string(flag);
  return path === '' ? Promise.resolve('') : read(path, failure);
}

async function read(path: string, failure: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Error(`${failure}: ${missing ? `open ${path}: no such file or directory` : errorMessage(error)}`, { cause: error });
  }
}
