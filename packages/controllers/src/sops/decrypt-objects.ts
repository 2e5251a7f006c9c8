import { errorMessage, isJsonObject, objectId, printJson, SluiceError, type KubeObject } from '@sluice/core';
import { decrypt, formatOfPath, type KeySource } from '@sluice/sops';
import type { Manifest } from '../apply/desired.js';
import type { Unverified } from './decrypting-tree.js';
import { encryptedFormat } from './file-formats.js';

const DECRYPT = 'kustomize.toolkit.fluxcd.io/decrypt';

export interface DecryptedManifests {
  /** The same array where nothing was encrypted. */
  readonly manifests: readonly Manifest[];
  readonly unverified: readonly Unverified[];
}

/**
 * Decrypts what is still encrypted when manifests are built: entries of Secrets that are encrypted files themselves, and
 * objects that were part of something else when they were encrypted, whose MACs can't be checked any more.
 */
export async function decryptObjects(manifests: readonly Manifest[], keys: readonly KeySource[]): Promise<DecryptedManifests> {
  const unverified: Unverified[] = [];
  let changed = false;
  const result: Manifest[] = [];
  for (const manifest of manifests) {
    const object = await decryptObject(manifest.object, keys, (why) =>
      unverified.push({ file: manifest.place?.file ?? objectId(manifest.object), why }),
    );
    changed ||= object !== manifest.object;
    result.push(object === manifest.object ? manifest : { ...manifest, object });
  }
  return { manifests: changed ? result : manifests, unverified };
}

type OnUnverified = (why: string) => void;

async function decryptObject(object: KubeObject, keys: readonly KeySource[], onUnverified: OnUnverified): Promise<KubeObject> {
  if (object.metadata.annotations?.[DECRYPT]?.toLowerCase() === 'disabled') return object;
  if (isEncrypted(object['sops'])) {
    const { plaintext } = await called(object, () => decrypt(Buffer.from(printJson(object)), { format: 'json', keys, mac: 'ignore' }));
    onUnverified(
      `${objectId(object)} is not as it was encrypted, so that its MAC can't be checked: a part of a list, a patch, or generated`,
    );
    return JSON.parse(Buffer.from(plaintext).toString('utf8')) as KubeObject;
  }
  return object.kind === 'Secret' && object.apiVersion === 'v1' ? decryptEntries(object, keys, onUnverified) : object;
}

function isEncrypted(sops: unknown): boolean {
  return isJsonObject(sops) && Object.hasOwn(sops, 'mac');
}

async function decryptEntries(secret: KubeObject, keys: readonly KeySource[], onUnverified: OnUnverified): Promise<KubeObject> {
  const data = secret['data'];
  if (!isJsonObject(data)) return secret;
  const entries = await Promise.all(
    Object.entries(data).map(async ([key, value]) => [key, await decryptEntry(secret, key, value, keys, onUnverified)] as const),
  );
  if (entries.every(([key, value]) => value === data[key])) return secret;
  return { ...secret, data: Object.fromEntries(entries) };
}

async function decryptEntry(
  secret: KubeObject,
  key: string,
  value: unknown,
  keys: readonly KeySource[],
  onUnverified: OnUnverified,
): Promise<unknown> {
  // What is not base64 is for the server to refuse.
  if (typeof value !== 'string' || value.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) return value;
  const bytes = Buffer.from(value, 'base64');
  const output = formatOfPath(key);
  const format = encryptedFormat(bytes, output);
  if (format === undefined) return value;
  const { plaintext, unverified } = await called(secret, () => decrypt(bytes, { format, output, keys, mac: 'report' }), key);
  if (unverified !== undefined) onUnverified(`entry ${key} of ${objectId(secret)}: ${unverified.message}`);
  return Buffer.from(plaintext).toString('base64');
}

async function called<T>(object: KubeObject, run: () => Promise<T>, key?: string): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const what = key === undefined ? objectId(object) : `entry ${key} of ${objectId(object)}`;
    throw new SluiceError(
      error instanceof SluiceError ? error.reason : 'SopsFileInvalid',
      `decryption of ${what} failed: ${errorMessage(error)}`,
      { cause: error },
    );
  }
}
