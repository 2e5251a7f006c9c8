import { readFile } from 'node:fs/promises';
import { errorMessage, type JsonObject } from '@sluice/core';
import type { Cluster } from '@sluice/kube';
import type { FlagValues, Invocation } from '../command-line/index.js';
import { selectedNamespace } from '../connection.js';
import { createdName, createObject, durationField, fetchedRevision, filled, intervalField, nameRef } from '../create/index.js';
import { helmRepository } from '../kinds/index.js';
import { applySecret, secretOf } from '../secrets/index.js';

const TITLE = 'HelmRepository source';

/** `create source helm NAME`. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags } = invocation;
  const name = createdName(invocation);
  const scheme = schemeOf(flags.string('url'));
  const isOci = scheme === 'oci';
  const secret = flags.string('secret-ref');
  await createObject(invocation, name, {
    kind: helmRepository,
    title: TITLE,
    written: 'source',
    spec: filled({
      interval: intervalField(flags),
      passCredentials: secret !== '' && flags.bool('pass-credentials'),
      provider: isOci ? flags.string('oci-provider') : '',
      secretRef: nameRef(secret),
      timeout: durationField(flags, 'fetch-timeout'),
      type: isOci ? 'oci' : '',
      url: flags.string('url'),
    }),
    prepare: (cluster, signal) => applyCredentials(invocation, name, cluster, signal),
    // A repository in a registry is nothing that could be fetched.
    done: isOci ? () => [`${TITLE} reconciliation completed`] : fetchedRevision(TITLE),
  });
}

function schemeOf(url: string): string {
  if (url === '') throw new Error('url is required');
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase() ?? '';
  if (!['http', 'https', 'oci'].includes(scheme)) throw new Error(`url scheme '${scheme}' not supported, can be: http, https and oci`);
  if (!/^[^:]+:\/\/[^/]/.test(url)) throw new Error('url host is required');
  return scheme;
}

/** The Secret with the credentials of the flags; the fields that refer to it. */
async function applyCredentials({ flags, terminal }: Invocation, of: string, cluster: Cluster, signal: AbortSignal): Promise<JsonObject> {
  const name = `helm-${of}`;
  const ca = await fileOf(flags, 'ca-file', 'unable to read TLS CA file');
  const isPair = flags.string('cert-file') !== '' && flags.string('key-file') !== '';
  const values = {
    username: flags.string('username'),
    password: flags.string('password'),
    'ca.crt': ca,
    'tls.crt': isPair ? await fileOf(flags, 'cert-file', 'failed to read cert file') : '',
    'tls.key': isPair ? await fileOf(flags, 'key-file', 'failed to read key file') : '',
  };
  if (flags.string('secret-ref') !== '' || Object.values(values).every((value) => value === '')) return {};
  terminal.action('applying secret with repository credentials');
  await applySecret(cluster, secretOf({ name, namespace: selectedNamespace(flags) }, values), signal);
  terminal.success('authentication configured');
  return filled({ secretRef: { name }, passCredentials: flags.bool('pass-credentials') });
}

async function fileOf(flags: FlagValues, flag: string, failure: string): Promise<string> {
  const path = flags.string(flag);
  if (path === '') return '';
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Error(`${failure}: ${errorMessage(error)}`, { cause: error });
  }
}
