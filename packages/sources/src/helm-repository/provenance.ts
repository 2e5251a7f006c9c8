import { createHash } from 'node:crypto';
import { SluiceError, errorMessage, isJsonObject } from '@sluice/core';
import { parseYaml } from '@sluice/yaml';

/**
 * Checks the provenance file of a chart's archive (`helm package --sign`): signed by a key of the ring, and with the digest
 * that the archive has under its name. Returns the id of the key. Throws `SignatureInvalid`.
 */
export async function verifyProvenance(
  archive: Uint8Array,
  provenance: Uint8Array,
  archiveName: string,
  keyring: Uint8Array,
): Promise<string> {
  // Loaded on use, as with Git: it takes long to load.
  const openpgp = await import('openpgp');
  let signer: string | undefined;
  let text: string;
  try {
    const verificationKeys = await (isArmored(keyring)
      ? openpgp.readKeys({ armoredKeys: Buffer.from(keyring).toString() })
      : openpgp.readKeys({ binaryKeys: new Uint8Array(keyring) }));
    const message = await openpgp.readCleartextMessage({ cleartextMessage: Buffer.from(provenance).toString() });
    text = message.getText();
    const { signatures } = await openpgp.verify({ message, verificationKeys });
    for (const { keyID, verified } of signatures) if (await verified.catch(() => false)) signer ??= keyID.toHex().toUpperCase();
  } catch (error) {
    throw refuse(`the provenance file of ${archiveName} can't be checked: ${errorMessage(error)}`, error);
  }
  if (signer === undefined) throw refuse(`the provenance file of ${archiveName} is not signed by a key of the key ring`);
  const expected = digestIn(text, archiveName);
  const actual = `sha256:${createHash('sha256').update(archive).digest('hex')}`;
  if (actual !== expected) throw refuse(`sha256 sum does not match for ${archiveName}: "${expected}" != "${actual}"`);
  return signer;
}

function isArmored(keyring: Uint8Array): boolean {
  return Buffer.from(keyring.subarray(0, 5)).toString() === '-----';
}

/** After the chart's metadata come the digests of files. */
function digestIn(text: string, archiveName: string): string {
  const [, sums] = text.replaceAll('\r\n', '\n').split('\n...\n');
  if (sums === undefined) throw refuse(`the provenance file of ${archiveName} must have at least two parts`);
  const parsed = parseYaml(sums);
  const files = isJsonObject(parsed) ? parsed['files'] : undefined;
  const digest = isJsonObject(files) && Object.hasOwn(files, archiveName) ? files[archiveName] : undefined;
  if (typeof digest !== 'string') throw refuse(`provenance does not contain a SHA for a file named ${JSON.stringify(archiveName)}`);
  return digest;
}

function refuse(why: string, cause?: unknown): SluiceError {
  return new SluiceError('SignatureInvalid', why, cause === undefined ? {} : { cause });
}
