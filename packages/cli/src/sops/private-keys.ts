import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ageKeys, pgpKeys, type KeySource } from '@sluice/sops';
import { gnupgKeys } from './gnupg.js';

type Environment = Readonly<Record<string, string | undefined>>;

const run = promisify(execFile);

/** All private keys that this person has, in the places where SOPS looks for them, and in the files that are given. */
export async function privateKeys(environment: Environment, files: readonly string[]): Promise<KeySource[]> {
  const home = environment['HOME'] ?? homedir();
  const given = await Promise.all(files.map((file) => keyFile(file, file)));
  return [
    ...given,
    ...(await ageKeysOf(environment, home)),
    ...(await sshKeysOf(environment, home)),
    gnupgKeys(environment),
    ...serviceKeys(environment, home),
  ];
}

/** Services are loaded when a file wants them: they take longer to load than a file takes to decrypt. */
function serviceKeys(environment: Environment, home: string): KeySource[] {
  return Object.entries(serviceOrigins).map(([kind, origin]) => ({
    origin,
    kind: kind as keyof typeof serviceOrigins,
    async open(key) {
      const { keyServices } = await import('./key-services.js');
      return keyServices(environment, home)
        .find((service) => service.kind === kind)
        ?.open(key);
    },
  }));
}

const serviceOrigins = {
  hc_vault: 'VAULT_TOKEN, ~/.vault-token',
  kms: 'the AWS identity of the environment',
  azure_kv: 'the Azure identity of the environment',
  gcp_kms: 'the Google identity of the environment',
} as const;

async function ageKeysOf(environment: Environment, home: string): Promise<KeySource[]> {
  const text = environment['SOPS_AGE_KEY'];
  const file = environment['SOPS_AGE_KEY_FILE'];
  const command = environment['SOPS_AGE_KEY_CMD'];
  const standard = join(configDirectory(environment, home), 'sops/age/keys.txt');
  return [
    text === undefined ? missing('SOPS_AGE_KEY (not set)') : ageKeys(text.replaceAll(/[\s,]+/g, '\n'), 'SOPS_AGE_KEY'),
    file === undefined ? missing('SOPS_AGE_KEY_FILE (not set)') : await keyFile(file, `SOPS_AGE_KEY_FILE (${file})`),
    ...(command === undefined ? [] : [ageKeys(await outputOf(command, environment), 'SOPS_AGE_KEY_CMD')]),
    await keyFile(standard, standard, true),
  ];
}

async function sshKeysOf(environment: Environment, home: string): Promise<KeySource[]> {
  const named = environment['SOPS_AGE_SSH_PRIVATE_KEY_FILE'];
  const command = environment['SOPS_AGE_SSH_PRIVATE_KEY_CMD'];
  const files = ['id_ed25519', 'id_rsa'].map((name) => join(home, '.ssh', name));
  return [
    ...(named === undefined ? [] : [await keyFile(named, `SOPS_AGE_SSH_PRIVATE_KEY_FILE (${named})`)]),
    ...(command === undefined ? [] : [ageKeys(await outputOf(command, environment), 'SOPS_AGE_SSH_PRIVATE_KEY_CMD')]),
    ...(await Promise.all(files.map((file) => keyFile(file, file, true)))),
  ];
}

function configDirectory(environment: Environment, home: string): string {
  const xdg = environment['XDG_CONFIG_HOME'];
  if (xdg !== undefined && xdg !== '') return xdg;
  return process.platform === 'darwin' ? join(home, 'Library/Application Support') : join(home, '.config');
}

/** The keys in a file. An `optional` one, which nobody named, is no reason to stop where it can't be used. */
async function keyFile(path: string, origin: string, optional = false): Promise<KeySource> {
  try {
    const text = await readFile(path, 'utf8');
    return text.includes('BEGIN PGP') ? pgpKeys(text, origin) : ageKeys(text, origin);
  } catch (error) {
    if (!optional) throw error;
    return missing(`${origin} (${(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'not there' : 'not usable'})`);
  }
}

/** A place without keys: it is in the list of where was looked. */
function missing(origin: string): KeySource {
  return { origin, kind: 'age', open: () => Promise.resolve(undefined) };
}

async function outputOf(command: string, environment: Environment): Promise<string> {
  const { stdout } = await run('/bin/sh', ['-c', command], { env: { ...environment } });
  return stdout;
}
