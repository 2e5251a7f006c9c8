import { readFile } from 'node:fs/promises';
import { errorMessage, type JsonObject } from '@sluice/core';
import type { Cluster } from '@sluice/kube';
import type { FlagValues, Invocation } from '../command-line/index.js';
import { selectedNamespace } from '../connection.js';
import { createdName, createObject, durationField, fetchedRevision, filled, ignoreField, intervalField, nameRef } from '../create/index.js';
import { gitRepository } from '../kinds/index.js';
import { confirmed } from '../prompt.js';
import { applySecret, generateSshKeys, gitSecret, readSshKeys, scanHostKeys, type GitLogin } from '../secrets/index.js';

const SCHEMES = ['ssh:', 'http:', 'https:'];

/** `create source git NAME`. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags } = invocation;
  const name = createdName(invocation);
  const url = addressOf(flags.string('url'));
  if (['branch', 'tag', 'tag-semver', 'commit', 'ref-name'].every((flag) => flags.string(flag) === '')) {
    throw new Error('a Git ref is required, use one of the following: --branch, --tag, --commit, --ref-name or --tag-semver');
  }
  if (flags.string('ca-file') !== '' && url.protocol === 'ssh:') throw new Error('specifying a CA file is not supported for Git over SSH');
  await createObject(invocation, name, {
    kind: gitRepository,
    title: 'GitRepository source',
    spec: filled({
      ignore: ignoreField(flags),
      interval: intervalField(flags),
      provider: flags.string('provider'),
      proxySecretRef: nameRef(flags.string('proxy-secret-ref')),
      recurseSubmodules: flags.bool('recurse-submodules'),
      ref: referenceOf(flags),
      secretRef: nameRef(flags.string('secret-ref')),
      sparseCheckout: flags.list('sparse-checkout-paths'),
      timeout: durationField(flags, 'fetch-timeout'),
      url: flags.string('url'),
    }),
    prepare: (cluster, signal) => applyCredentials(invocation, name, url, cluster, signal),
    done: fetchedRevision('GitRepository source'),
  });
}

function addressOf(text: string): URL {
  if (text === '') throw new Error('url is required');
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase() ?? '';
  if (!SCHEMES.includes(`${scheme}:`)) throw new Error(`git URL scheme '${scheme}' not supported, can be: ssh, http and https`);
  if (!URL.canParse(text))
    throw new Error(`git URL parse failed: ${JSON.stringify(text)} is no URL: write ssh://git@host/path or https://host/path`);
  return new URL(text);
}

/** What to check out. When several flags are given, the most exact of them counts. */
function referenceOf(flags: FlagValues): JsonObject {
  const [commit, name, semver, tag, branch] = ['commit', 'ref-name', 'tag-semver', 'tag', 'branch'].map((flag) => flags.string(flag));
  if (commit) return filled({ branch, commit });
  if (name) return { name };
  if (semver) return { semver };
  return tag ? { tag } : filled({ branch });
}

/** The Secret with the credentials of the flags; the field that refers to it. */
async function applyCredentials(
  invocation: Invocation,
  name: string,
  url: URL,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<JsonObject> {
  const { flags, terminal } = invocation;
  if (flags.string('secret-ref') !== '') return {};
  const login = url.protocol === 'ssh:' ? await sshLogin(invocation, url, signal) : await httpLogin(invocation, url);
  const secret = gitSecret({ name, namespace: selectedNamespace(flags) }, login);
  if (Object.keys(secret.stringData ?? {}).length === 0) return {};
  terminal.action('applying secret with repository credentials');
  await applySecret(cluster, secret, signal);
  terminal.success('authentication configured');
  return { secretRef: { name } };
}

async function sshLogin({ flags, terminal, signal: interrupted }: Invocation, url: URL, signal: AbortSignal): Promise<GitLogin> {
  const password = flags.string('password');
  const keyPair = (await readSshKeys(flags.string('private-key-file'), password)) ?? generateSshKeys(flags);
  const knownHosts = await scanHostKeys(url.host, signal);
  terminal.success(`collected public key from SSH server:\n${knownHosts}`);
  terminal.generate(`deploy key: ${keyPair.publicKey}`);
  if (!flags.bool('silent') && !(await confirmed('Have you added the deploy key to your repository', interrupted)))
    throw new Error('aborting: nothing was created; --silent does not ask');
  return { keyPair, knownHosts, password };
}

async function httpLogin({ flags, terminal }: Invocation, url: URL): Promise<GitLogin> {
  if (url.protocol === 'http:') terminal.warning('insecure configuration: credentials configured for an HTTP URL');
  const file = url.protocol === 'https:' ? flags.string('ca-file') : '';
  const username = flags.string('username');
  const password = flags.string('password');
  const credentials = username === '' && password === '' ? {} : { username, password };
  if (file === '') return credentials;
  try {
    return { ...credentials, ca: await readFile(file, 'utf8') };
  } catch (error) {
    throw new Error(`unable to read TLS CA file: ${errorMessage(error)}`, { cause: error });
  }
}
