import { SluiceError } from '@sluice/core';
import type { AzureKey } from '@sluice/sops';
import { serviceUrl, type CloudAccess, type Renewed } from '../cloud/exchange.js';
import { askService, pathOf, textIn, type KeyService } from './key-service.js';

/** Where key vaults are: a token for them goes nowhere else, whatever a file says. */
const VAULT_HOSTS = /\.(?:vault|managedhsm)\.(?:azure\.net|azure\.cn|usgovcloudapi\.net)$/;

const API_VERSION = '7.4';

/** Keys of Azure Key Vault. `hosts` says which hosts are key vaults. */
export function azureKeyVaultKeys(
  token: Renewed<string>,
  origin: string,
  access: CloudAccess = {},
  hosts: RegExp = VAULT_HOSTS,
): KeyService {
  const ask = async (key: AzureKey, action: 'encrypt' | 'decrypt', value: string): Promise<string> => {
    const url = serviceUrl(key.vaultUrl, 'the address of the key vault');
    if (!hosts.test(url.hostname)) throw new SluiceError('SopsMetadataInvalid', `${url.hostname} is not the host of a key vault`);
    if (key.version === '') throw new SluiceError('SopsMetadataInvalid', `the version of the key ${key.name} is missing`);
    url.pathname = pathOf('keys', key.name, key.version, action);
    url.search = `api-version=${API_VERSION}`;
    const what = `Key Vault can't ${action} the data key`;
    const headers = { authorization: `Bearer ${await token()}` };
    const answer = await askService(what, { url, headers, body: JSON.stringify({ alg: 'RSA-OAEP-256', value }) }, access);
    return textIn(answer, 'value', what);
  };
  return {
    origin,
    kind: 'azure_kv',
    async open(key) {
      return key.type === 'azure_kv' ? Buffer.from(await ask(key, 'decrypt', key.enc), 'base64url') : undefined;
    },
    async seal(key, secret) {
      return key.type === 'azure_kv' ? ask(key, 'encrypt', Buffer.from(secret).toString('base64url')) : undefined;
    },
  };
}
