import { SluiceError } from '@sluice/core';
import type { GcpKmsKey } from '@sluice/sops';
import { serviceUrl, type CloudAccess, type Renewed } from '../cloud/exchange.js';
import { askService, base64, pathOf, textIn, type KeyService } from './key-service.js';

/** Keys of Google Cloud KMS. `endpoint`: in the place of `https://cloudkms.googleapis.com`. */
export function googleKmsKeys(
  token: Renewed<string>,
  origin: string,
  access: CloudAccess = {},
  endpoint = 'https://cloudkms.googleapis.com',
): KeyService {
  const ask = async (key: GcpKmsKey, action: 'encrypt' | 'decrypt', fields: object): Promise<Readonly<Record<string, unknown>>> => {
    if (!/^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+(?:\/cryptoKeyVersions\/\d+)?$/.test(key.resourceId)) {
      throw new SluiceError('SopsMetadataInvalid', `${JSON.stringify(key.resourceId.slice(0, 200))} is no resource id of a key`);
    }
    const url = serviceUrl(endpoint, 'the endpoint of Cloud KMS');
    url.pathname = `/v1/${pathOf(key.resourceId)}:${action}`;
    const headers = { authorization: `Bearer ${await token()}` };
    return askService(`Cloud KMS can't ${action} the data key`, { url, headers, body: JSON.stringify(fields) }, access);
  };
  return {
    origin,
    kind: 'gcp_kms',
    async open(key) {
      if (key.type !== 'gcp_kms') return undefined;
      return Buffer.from(textIn(await ask(key, 'decrypt', { ciphertext: key.enc }), 'plaintext', 'Cloud KMS'), 'base64');
    },
    async seal(key, secret) {
      if (key.type !== 'gcp_kms') return undefined;
      return textIn(await ask(key, 'encrypt', { plaintext: base64(secret) }), 'ciphertext', 'Cloud KMS');
    },
  };
}
