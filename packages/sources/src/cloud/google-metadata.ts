import { SluiceError } from '@sluice/core';
import { ask, askJson, serviceUrl, tokenOf, type CloudAccess, type Lasting } from './exchange.js';

const usual = 'http://metadata.google.internal';
const headers = { 'metadata-flavor': 'Google' };

/** A token of whoever the machine, or the workload on it, is. */
export async function machineToken(access: CloudAccess, signal?: AbortSignal): Promise<Lasting<string>> {
  const { now = Date.now } = access;
  const what = 'failed to get a token of the metadata server';
  const url = metadataUrl('instance/service-accounts/default/token', access);
  return tokenOf(await askJson(what, { url, headers, signal }, { ...access, allowLinkLocal: true }), what, now);
}

/** A name that the metadata server of a node of GKE knows: `instance/attributes/cluster-name`. */
export async function machineAttribute(path: string, access: CloudAccess, signal?: AbortSignal): Promise<string> {
  const what = `failed to get ${path} of the metadata server`;
  const url = metadataUrl(path, access);
  const text = (await ask(what, { url, headers, signal }, { ...access, allowLinkLocal: true })).trim();
  if (/^[a-z0-9:.-]{1,200}$/.test(text)) return text;
  throw new SluiceError('SourceAnswerInvalid', `${what}: the answer is no name`);
}

function metadataUrl(path: string, { env = process.env }: CloudAccess): URL {
  const host = env.GCE_METADATA_HOST === undefined || env.GCE_METADATA_HOST === '' ? usual : `http://${env.GCE_METADATA_HOST}`;
  return serviceUrl(`${host}/computeMetadata/v1/${path}`, 'GCE_METADATA_HOST');
}
