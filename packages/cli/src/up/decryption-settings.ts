import type { FlagValues } from '../command-line/index.js';

export interface DecryptionSettings {
  readonly sopsMac: 'enforce' | 'warn' | 'ignore';
  readonly sopsAgeSecret?: { readonly namespace: string; readonly name: string };
}

/** How encrypted files of Kustomizations are decrypted. */
export function decryptionSettings(flags: FlagValues): DecryptionSettings {
  const sopsMac = flags.string('sops-mac') as DecryptionSettings['sopsMac'];
  const secret = flags.string('sops-age-secret');
  if (secret === '') return { sopsMac };
  const [namespace = '', name = '', ...more] = secret.split('/');
  if (namespace === '' || name === '' || more.length > 0)
    throw new Error(`--sops-age-secret ${JSON.stringify(secret)} is not NAMESPACE/NAME`);
  return { sopsMac, sopsAgeSecret: { namespace, name } };
}
