import type { VaultKey } from '@sluice/sops';
import { serviceUrl, type CloudAccess } from '../cloud/exchange.js';
import { askService, base64, pathOf, textIn, type KeyService } from './key-service.js';

/** The transit engine of Vault and OpenBao. The token is sent to the server that a file names. */
export function vaultKeys(token: () => Promise<string>, origin: string, access: CloudAccess = {}): KeyService {
  const ask = async (key: VaultKey, action: string, fields: object): Promise<Record<string, unknown>> => {
    const url = serviceUrl(key.address, 'the address of Vault');
    url.pathname = pathOf('v1', key.enginePath, action, key.keyName);
    const what = `Vault can't ${action} the data key`;
    const answer = await askService(what, { url, headers: { 'x-vault-token': await token() }, body: JSON.stringify(fields) }, access);
    return (answer['data'] ?? {}) as Record<string, unknown>;
  };
  return {
    origin,
    kind: 'hc_vault',
    async open(key) {
      if (key.type !== 'hc_vault') return undefined;
      const data = await ask(key, 'decrypt', { ciphertext: key.enc });
      return Buffer.from(textIn(data, 'plaintext', 'the transit engine'), 'base64');
    },
    async seal(key, secret) {
      if (key.type !== 'hc_vault') return undefined;
      return textIn(await ask(key, 'encrypt', { plaintext: base64(secret) }), 'ciphertext', 'the transit engine');
    },
  };
}
