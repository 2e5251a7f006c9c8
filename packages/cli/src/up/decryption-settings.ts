import type { FlagValues } from '../command-line/index.js';
import { sopsMac } from '../sops/mac-flag.js';

export interface DecryptionSettings {
  readonly sopsMac: ReturnType<typeof sopsMac>;
  readonly sopsAgeSecret?: { readonly namespace: string; readonly name: string };
}

/** How encrypted files of Kustomizations are decrypted. */
export function decryptionSettings(flags: FlagValues): DecryptionSettings {
  const secret = flags.string('sops-age-secret');
  if (secret === '') return { sopsMac: sopsMac(flags) };
  const [namespace = '', name = '', ...more] = secret.split('/');
  if (namespace === '' || name === '' || more.length > 0)
    throw new Error(`--sops-age-secret ${JSON.stringify(secret)} is not NAMESPACE/NAME`);
  return { sopsMac: sopsMac(flags), sopsAgeSecret: { namespace, name } };
}
