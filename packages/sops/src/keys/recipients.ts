import { sopsError } from '../error.js';
import type { MasterKey } from './master-key.js';

/** How keys are named in settings and on command lines: one text for each key. */
export type RecipientKind = MasterKey['type'];

/** The master key that a text names. Nothing is encrypted for it yet. `now`: when the key is put to use. */
export function masterKey(kind: RecipientKind, text: string, now: Date): MasterKey {
  const dated = { enc: '', createdAt: now.toISOString().replace(/\.\d+Z$/, 'Z') };
  switch (kind) {
    case 'age':
      return { type: 'age', recipient: text, enc: '' };
    case 'pgp':
      return { type: 'pgp', fingerprint: text.replaceAll(' ', ''), ...dated };
    case 'gcp_kms':
      return { type: 'gcp_kms', resourceId: text, ...dated };
    case 'hckms':
      return { type: 'hckms', keyId: text, ...dated };
    case 'kms': {
      const role = text.indexOf('+arn:aws:iam::');
      const [arn, roleArn] = role > 0 ? [text.slice(0, role), text.slice(role + 1)] : [text, ''];
      return { type: 'kms', arn, role: roleArn, profile: '', context: new Map(), ...dated };
    }
    case 'azure_kv': {
      const match = /^(https:\/\/[^/]+)\/keys\/([^/]+)(?:\/([^/]*))?$/.exec(text);
      if (match === null) throw wrongRecipient(text, 'an Azure key is https://VAULT.vault.azure.net/keys/NAME/VERSION');
      const [, vaultUrl = '', name = '', version = ''] = match;
      return { type: 'azure_kv', vaultUrl, name, version, ...dated };
    }
    case 'hc_vault': {
      const match = /^(https?:\/\/[^/]+)\/v1\/(.+)\/keys\/([^/]+)$/.exec(text);
      if (match === null) throw wrongRecipient(text, "Vault's key is https://HOST/v1/ENGINE/keys/NAME");
      const [, address = '', enginePath = '', keyName = ''] = match;
      return { type: 'hc_vault', address, enginePath, keyName, ...dated };
    }
  }
}

/** The master keys of a list: texts with commas between them, or lists of texts. */
export function masterKeys(kind: RecipientKind, texts: string | readonly string[], now: Date): MasterKey[] {
  const list = typeof texts === 'string' ? texts.split(',') : texts.flatMap((text) => text.split(','));
  return list.flatMap((text) => (text.trim() === '' ? [] : [masterKey(kind, text.trim(), now)]));
}

function wrongRecipient(text: string, form: string): Error {
  return sopsError('SopsSettingsInvalid', `${JSON.stringify(text)} is no key to encrypt for: ${form}`);
}
