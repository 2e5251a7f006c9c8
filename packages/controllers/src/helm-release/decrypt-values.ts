import { SluiceError } from '@sluice/core';
import type { Cluster } from '@sluice/kube';
import { decrypt, formatOfPath, type KeySource } from '@sluice/sops';
import { encryptedFormat } from '../sops/file-formats.js';
import { ageKeysInSecret, secretData } from '../sops/secret-keys.js';
import { serviceKeys } from '../sops/service-keys.js';
import type { HelmReleaseSettings } from './settings.js';

/** Opens values that SOPS has encrypted, and leaves all others as they are. `key` is the entry that they are from. */
export type DecryptValues = (text: string, key: string) => Promise<string>;

/**
 * Decrypts with keys that are given, and with those of the engine: a HelmRelease has no field that would name others. What else may be encrypted in
 * a repository, such as a whole HelmRelease, the Kustomization that applies it decrypts.
 */
export function createDecryption(
  cluster: Pick<Cluster, 'get'>,
  { sopsAgeSecret, sopsMac }: Pick<HelmReleaseSettings, 'sopsAgeSecret' | 'sopsMac'>,
  signal: AbortSignal,
  given: () => Promise<readonly KeySource[]> = () => Promise.resolve([]),
): DecryptValues {
  return async (text, key) => {
    // Whatever is encrypted says so.
    if (!text.includes('sops')) return text;
    const bytes = Buffer.from(text);
    const output = formatOfPath(key);
    const format = encryptedFormat(bytes, output);
    if (format === undefined) return text;
    const { plaintext } = await decrypt(bytes, { format, output, keys: await keys(), mac: sopsMac === 'enforce' ? 'enforce' : 'ignore' });
    return Buffer.from(plaintext).toString('utf8');
  };

  async function keys(): Promise<readonly KeySource[]> {
    const first = await given();
    if (sopsAgeSecret === undefined) return [...first, ...serviceKeys(new Map(), '')];
    const where = `Secret ${sopsAgeSecret.namespace}/${sopsAgeSecret.name}`;
    const secret = await cluster.get({ apiVersion: 'v1', kind: 'Secret', ...sopsAgeSecret }, { signal });
    if (secret === undefined) throw new SluiceError('SopsKeyMissing', `${where}, which has the keys for encrypted values, is not there`);
    return [...first, ...ageKeysInSecret(secretData(secret), where), ...serviceKeys(new Map(), where)];
  }
}
