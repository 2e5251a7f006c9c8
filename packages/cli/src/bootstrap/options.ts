import { readFile } from 'node:fs/promises';
import { errorMessage } from '@sluice/core';
import { openpgpSigner, sshSigner, type CommitSigner } from '@sluice/sources';
import type { FlagValues } from '../command-line/index.js';
import { installOptionsOf, type InstallOptions } from '../install/index.js';
import { relativePath } from './relative-path.js';

/** What all sub-commands of `bootstrap` have in common. */
export interface BootstrapOptions {
  readonly install: InstallOptions;
  readonly branch: string;
  /** The directory of the repository: `./clusters/prod`. */
  readonly path: string;
  readonly intervalMs: number;
  readonly secretName: string;
  readonly author: { readonly name: string; readonly email: string };
  readonly messageAppendix: string;
  readonly recurseSubmodules: boolean;
  readonly sparseCheckout: readonly string[];
  /** PEM. */
  readonly ca: string;
}

const REQUIRED = ['source-controller', 'kustomize-controller'];

export async function bootstrapOptionsOf(flags: FlagValues): Promise<BootstrapOptions> {
  const named = new Set([...flags.list('components'), ...flags.list('components-extra')]);
  for (const component of REQUIRED) if (!named.has(component)) throw new Error(`component ${component} is required`);
  const install = installOptionsOf(flags);
  const path = relativePath(flags.string('path'));
  const sparseCheckout = flags.list('sparse-checkout');
  if (sparseCheckout.length > 0 && !sparseCheckout.some((each) => isWithin(path, relativePath(each))))
    throw new Error(`--sparse-checkout leaves out --path=${path}: the directory that is synced must be in it`);
  return {
    install,
    branch: flags.string('branch'),
    path,
    intervalMs: flags.number('interval'),
    secretName: flags.string('secret-name'),
    author: { name: flags.string('author-name'), email: flags.string('author-email') },
    messageAppendix: flags.string('commit-message-appendix'),
    recurseSubmodules: flags.bool('recurse-submodules'),
    sparseCheckout,
    ca: flags.string('ca-file') === '' ? '' : await fileText(flags.string('ca-file'), 'unable to read TLS CA file'),
  };
}

function isWithin(path: string, directory: string): boolean {
  return directory === './' || path === directory || path.startsWith(`${directory}/`);
}

/** How commits are signed; undefined when they are not. A key that does not work is refused before anything is done. */
export async function commitSignerOf(flags: FlagValues, scratchDir: string): Promise<CommitSigner | undefined> {
  const keyRing = flags.string('gpg-key-ring');
  const keyFile = flags.string('ssh-signing-key-file');
  const isReused = flags.bool('ssh-signing-reuse-private-key');
  if (keyRing !== '' && (keyFile !== '' || isReused))
    throw new Error('--gpg-* and --ssh-signing-* are mutually exclusive; pick one signing format');
  if (keyFile !== '' && isReused) throw new Error('--ssh-signing-key-file and --ssh-signing-reuse-private-key are mutually exclusive');
  if (isReused && flags.string('private-key-file') === '') throw new Error('--ssh-signing-reuse-private-key requires --private-key-file');
  const passphrase = signingPassphrase(flags);
  if (passphrase !== '' && keyFile === '') throw new Error('--ssh-signing-password requires --ssh-signing-key-file');
  if (keyRing !== '') {
    const ring = await readFile(keyRing).catch((error: unknown) => {
      throw new Error(`invalid GPG signing key: unable to open GPG key ring: ${errorMessage(error)}`, { cause: error });
    });
    return openpgpSigner(ring, flags.string('gpg-passphrase'), flags.string('gpg-key-id'));
  }
  if (keyFile === '' && !isReused) return undefined;
  const file = isReused ? flags.string('private-key-file') : keyFile;
  const signer = sshSigner(
    await fileText(file, 'failed to read SSH signing key file'),
    isReused ? (flags.has('password') ? flags.string('password') : '') : passphrase,
    scratchDir,
  );
  // ssh-keygen alone knows whether it can sign with the key.
  await signer(Buffer.from('a key that can sign this can sign commits'));
  return signer;
}

function signingPassphrase(flags: FlagValues): string {
  const [password, alias] = [flags.string('ssh-signing-password'), flags.string('ssh-signing-passphrase')];
  if (password !== '' && alias !== '' && password !== alias)
    throw new Error('--ssh-signing-password and --ssh-signing-passphrase are aliases; do not pass both');
  return password === '' ? alias : password;
}

async function fileText(path: string, failure: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Error(`${failure}: ${errorMessage(error)}`, { cause: error });
  }
}
