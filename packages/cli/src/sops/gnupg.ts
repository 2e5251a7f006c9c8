import { spawn } from 'node:child_process';
import { pgpSealer, type KeySealer, type KeySource } from '@sluice/sops';

type Environment = Readonly<Record<string, string | undefined>>;

/** The key ring of GnuPG, whose agent asks for pass phrases. */
export function gnupgKeys(environment: Environment): KeySource {
  return {
    origin: 'the key ring of gpg',
    kind: 'pgp',
    async open(key) {
      if (key.type !== 'pgp') return undefined;
      return gpg(['--no-default-recipient', '--batch', '--quiet', '--decrypt'], key.enc, environment);
    },
  };
}

/** Encrypts for public keys in the key ring of GnuPG. */
export function gnupgSealer(environment: Environment): KeySealer {
  return {
    async seal(key, secret) {
      if (key.type !== 'pgp') return undefined;
      const armored = await gpg(['--batch', '--quiet', '--export', '--armor', key.fingerprint], '', environment);
      return armored.length === 0 ? undefined : pgpSealer(armored.toString('utf8')).seal(key, secret);
    },
  };
}

function gpg(args: readonly string[], input: string, environment: Environment): Promise<Buffer> {
  const program = environment['SOPS_GPG_EXEC'] ?? 'gpg';
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...environment }, stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString('utf8')));
    child.on('error', () => reject(new Error(`the program ${program} can't be run: install GnuPG`)));
    child.stdin.on('error', () => {
      // It ended without reading; its exit code says why.
    });
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(out));
      else reject(new Error(errors.trim().split('\n').at(-1) ?? `gpg ended with code ${code}`));
    });
    child.stdin.end(input);
  });
}
