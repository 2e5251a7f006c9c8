import type { KubeObject } from '@sluice/core';
import { ageKeys, pgpKeys, type KeySource } from '@sluice/sops';

/** The entries of a Secret, decoded. */
export type SecretData = ReadonlyMap<string, string>;

export function secretData(secret: KubeObject): SecretData {
  const data = (secret['data'] ?? {}) as Readonly<Record<string, string>>;
  return new Map(Object.entries(data).map(([name, value]) => [name, Buffer.from(value, 'base64').toString('utf8')]));
}

/** The keys in a Secret: entries `*.agekey` and `*.asc`. `where` says in messages which Secret it is. */
export function keysInSecret(data: SecretData, where: string): KeySource[] {
  return [...data].flatMap(([name, text]) => {
    const origin = `entry ${name} of ${where}`;
    if (name.endsWith('.agekey')) return [ageKeys(text, origin)];
    return name.endsWith('.asc') ? [pgpKeys(text, origin)] : [];
  });
}

/** The age keys in the Secret that serves all Kustomizations without keys of their own. */
export function ageKeysInSecret(data: SecretData, where: string): KeySource[] {
  return keysInSecret(new Map([...data].filter(([name]) => name.endsWith('.agekey'))), where);
}
