import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SluiceError, errorMessage } from '@sluice/core';
import type { CommitSigner } from './work-tree.js';

const run = promisify(execFile);

/** Signs with a private key of SSH, by ssh-keygen. The key and its passphrase are files of this user for the time of one signature. */
export function sshSigner(privateKey: string, passphrase: string, scratchDir: string): CommitSigner {
  return async (commit) => {
    const directory = await mkdtemp(join(scratchDir, 'sign-'));
    try {
      const [key, payload, askpass] = ['key', 'commit', 'askpass'].map((name) => join(directory, name)) as [string, string, string];
      await writeFile(key, privateKey.endsWith('\n') ? privateKey : `${privateKey}\n`, { mode: 0o600 });
      await writeFile(payload, commit, { mode: 0o600 });
      await writeFile(askpass, `#!/bin/sh\nprintf '%s\\n' "$SLUICE_SSH_PASSPHRASE"\n`, { mode: 0o700 });
      const env = {
        PATH: process.env.PATH ?? '',
        SSH_ASKPASS: askpass,
        SSH_ASKPASS_REQUIRE: 'force',
        SLUICE_SSH_PASSPHRASE: passphrase,
        DISPLAY: ':',
      };
      await run('ssh-keygen', ['-q', '-Y', 'sign', '-n', 'git', '-f', key, payload], { env }).catch((error: unknown) => {
        const { stderr = '' } = error as { stderr?: string };
        const why = /passphrase/i.test(stderr) ? 'the passphrase of the signing key is wrong' : (stderr.trim().split('\n').at(-1) ?? '');
        throw new SluiceError('GitCredentialsInvalid', `invalid SSH signing key: ${why === '' ? errorMessage(error) : why}`, {
          cause: error,
        });
      });
      return await readFile(`${payload}.sig`, 'utf8');
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  };
}

/** Signs with a key of a ring of OpenPGP keys, armored or not: the one with the id, else the first. Throws what is wrong with it. */
export async function openpgpSigner(ring: Uint8Array, passphrase: string, keyId: string): Promise<CommitSigner> {
  const openpgp = await import('openpgp');
  const text = Buffer.from(ring).toString('latin1');
  const isArmored = text.includes('-----BEGIN PGP');
  const keys = await (isArmored ? openpgp.readKeys({ armoredKeys: text }) : openpgp.readKeys({ binaryKeys: ring })).catch(
    (error: unknown) => {
      throw invalid(`unable to read the key ring: ${errorMessage(error)}`, error);
    },
  );
  const id = keyId.replace(/^0x/, '').toLowerCase();
  if (id !== '' && id.length !== 16) throw invalid(`invalid GPG key id length; expected 16, got ${id.length}`);
  const key = id === '' ? keys[0] : keys.find((candidate) => candidate.getKeyID().toHex() === id);
  if (key === undefined) throw invalid(id === '' ? 'empty GPG key ring' : `no GPG keyring matching key id '${id.toUpperCase()}' found`);
  if (!key.isPrivate())
    throw invalid("keyring does not contain a private key; export the secret key with 'gpg --export-secret-keys' or specify --gpg-key-id");
  const signingKey = key.isDecrypted()
    ? key
    : await openpgp.decryptKey({ privateKey: key, passphrase }).catch((error: unknown) => {
        throw invalid(`unable to decrypt GPG private key: ${errorMessage(error)}`, error);
      });
  return async (commit) => {
    const message = await openpgp.createMessage({ binary: commit });
    return (await openpgp.sign({ message, signingKeys: signingKey, detached: true, format: 'armored' })).replaceAll('\r\n', '\n');
  };
}

function invalid(why: string, cause?: unknown): SluiceError {
  return new SluiceError('GitCredentialsInvalid', `invalid GPG signing key: ${why}`, { cause });
}
