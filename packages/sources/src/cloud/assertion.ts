import { sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { SluiceError, errorMessage } from '@sluice/core';

/** A JSON web token, signed with RSA and SHA-256. */
export function signedToken(header: object, claims: object, key: Parameters<typeof sign>[2]): string {
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
}

/** A token that somebody else renews in a file. */
export async function readToken(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new SluiceError('SourceSettingsInvalid', `the identity token can't be read: ${errorMessage(error)}`, { cause: error });
  }
}
