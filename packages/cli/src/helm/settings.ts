import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject } from '@sluice/core';
import type { RegistryLogin } from '@sluice/sources';
import { parseYaml } from '@sluice/yaml';

type Environment = Readonly<Record<string, string | undefined>>;

/** A repository that `helm repo add` made known. */
export interface KnownRepository {
  readonly name: string;
  readonly url: string;
  /** What to reach it with, by the names of the flags. */
  readonly access: Readonly<Record<string, string>>;
}

/** The repositories that Helm knows on this machine. */
export function readRepositories(env: Environment): KnownRepository[] {
  const path = env['HELM_REPOSITORY_CONFIG'] ?? join(configHome(env), 'repositories.yaml');
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return [];
  const value: unknown = parseYaml(readFileSync(path, 'utf8'), { file: path, confidential: true });
  const entries: readonly unknown[] = isJsonObject(value) && Array.isArray(value['repositories']) ? value['repositories'] : [];
  return entries.flatMap((entry) => (isJsonObject(entry) ? [repositoryOf(entry)] : []));
}

function repositoryOf(entry: Readonly<Record<string, unknown>>): KnownRepository {
  const access = FLAGS_OF_FIELDS.map(([field, flag]) => [flag, textOf(entry[field])] as const).filter(([, text]) => text !== '');
  return { name: textOf(entry['name']), url: textOf(entry['url']), access: Object.fromEntries(access) };
}

const FLAGS_OF_FIELDS = [
  ['username', 'username'],
  ['password', 'password'],
  ['caFile', 'ca-file'],
  ['certFile', 'cert-file'],
  ['keyFile', 'key-file'],
  ['insecure_skip_tls_verify', 'insecure-skip-tls-verify'],
  ['pass_credentials_all', 'pass-credentials'],
] as const;

/** Who Helm, or Docker, is logged in as; nobody where neither has a file. */
export async function readRegistryLogin(env: Environment): Promise<RegistryLogin> {
  const { dockerConfigLogin } = await import('@sluice/sources');
  const paths = [
    env['HELM_REGISTRY_CONFIG'] ?? join(configHome(env), 'registry/config.json'),
    join(env['DOCKER_CONFIG'] ?? join(env['HOME'] ?? '', '.docker'), 'config.json'),
  ];
  const logins = paths
    .filter((path) => statSync(path, { throwIfNoEntry: false }) !== undefined)
    .map((path) => dockerConfigLogin(readFileSync(path, 'utf8'), { allowHelpers: true }));
  return async (repository) => {
    for (const login of logins) {
      const credentials = await login(repository);
      if (credentials !== undefined) return credentials;
    }
    return undefined;
  };
}

function configHome(env: Environment): string {
  return env['HELM_CONFIG_HOME'] ?? join(env['XDG_CONFIG_HOME'] ?? join(env['HOME'] ?? '', '.config'), 'helm');
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'boolean' ? String(value) : '';
}
