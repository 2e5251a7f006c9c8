import { isJsonObject, SluiceError } from '@sluice/core';
import { parseYaml } from '@sluice/yaml';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve, sep } from 'node:path';
import { inClusterConfig, isInCluster } from './in-cluster.js';
import { resolveContext } from './resolve.js';
import type { ClusterConfig, Kubeconfig, NamedCluster, NamedUser } from './types.js';

export interface LoadKubeconfigOptions {
  /** One file, instead of what the environment says. */
  readonly path?: string;
  readonly context?: string;
  /** Default: the process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Which cluster to talk to, and as whom: the file given, the files of KUBECONFIG merged, the cluster that the process runs in,
 * or `~/.kube/config`; the first of these that there is.
 */
export async function loadKubeconfig(options: LoadKubeconfigOptions = {}): Promise<ClusterConfig> {
  const env = options.env ?? process.env;
  const files = kubeconfigFiles(options.path, env);
  if (options.path === undefined && (env['KUBECONFIG'] ?? '') === '' && options.context === undefined && isInCluster(env)) {
    return inClusterConfig(env);
  }
  const config = await readKubeconfig({ ...options, env });
  if (config === undefined) {
    throw new SluiceError(
      'KubeconfigInvalid',
      `there is no kubeconfig at ${files.join(', ')}: name one with --kubeconfig or in the KUBECONFIG environment variable`,
    );
  }
  return resolveContext(config, options.context === undefined ? {} : { context: options.context });
}

/** The kubeconfig files merged, file names in them made absolute; undefined when there is none of them. */
export async function readKubeconfig(options: Pick<LoadKubeconfigOptions, 'path' | 'env'> = {}): Promise<Kubeconfig | undefined> {
  const files = kubeconfigFiles(options.path, options.env ?? process.env);
  const configs: Kubeconfig[] = [];
  for (const file of files) {
    // Files of a list that are not there are passed over, as kubectl does; a file that was asked for must be there.
    if (options.path === undefined && !existsSync(file)) continue;
    configs.push(await readFileOf(file));
  }
  return configs.length === 0 ? undefined : mergeKubeconfigs(configs);
}

/** The files that make up the kubeconfig. */
export function kubeconfigFiles(path: string | undefined, env: Readonly<Record<string, string | undefined>>): string[] {
  if (path !== undefined) return [resolve(path)];
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  return listed.length > 0 ? [...new Set(listed)] : [join(env['HOME'] ?? homedir(), '.kube', 'config')];
}

async function readFileOf(file: string): Promise<Kubeconfig> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new SluiceError('KubeconfigInvalid', `the kubeconfig ${file} can't be read: ${(cause as Error).message}`, {
      place: { file },
      cause,
    });
  }
  return withAbsolutePaths(parseKubeconfig(text, file), dirname(resolve(file)));
}

/** A kubeconfig from its text. */
export function parseKubeconfig(text: string, file?: string): Kubeconfig {
  const place = file === undefined ? {} : { file };
  const value = parseYaml(text, { confidential: true, ...place }) ?? {};
  if (!isJsonObject(value))
    throw new SluiceError('KubeconfigInvalid', `${file ?? 'the kubeconfig'} is not a kubeconfig: it holds no fields`, { place });
  for (const field of ['contexts', 'clusters', 'users']) {
    const list = value[field] ?? [];
    const singular = field.slice(0, -1);
    if (
      !Array.isArray(list) ||
      !list.every((entry) => isJsonObject(entry) && typeof entry['name'] === 'string' && isJsonObject(entry[singular] ?? {}))
    ) {
      throw new SluiceError(
        'KubeconfigInvalid',
        `${file ?? 'the kubeconfig'}: ${field} is not a list of entries with a name and a ${singular}`,
        { place },
      );
    }
  }
  return value;
}

/** One kubeconfig of several: of two entries with the same name, and of two current contexts, the first counts. */
export function mergeKubeconfigs(configs: readonly Kubeconfig[]): Kubeconfig {
  const current = configs.map((config) => config['current-context'] ?? '').find((name) => name !== '');
  return {
    ...configs[0],
    apiVersion: 'v1',
    kind: 'Config',
    ...(current === undefined ? {} : { 'current-context': current }),
    clusters: firstOfEachName(configs.flatMap((config) => config.clusters ?? [])),
    contexts: firstOfEachName(configs.flatMap((config) => config.contexts ?? [])),
    users: firstOfEachName(configs.flatMap((config) => config.users ?? [])),
  };
}

function firstOfEachName<T extends { readonly name: string }>(entries: readonly T[]): T[] {
  const seen = new Set<string>();
  return entries.filter(({ name }) => !seen.has(name) && seen.add(name));
}

/** File names in a kubeconfig start from its own folder: after a merge, or a copy, nobody knows it any more. */
function withAbsolutePaths(config: Kubeconfig, folder: string): Kubeconfig {
  const absolute = <E extends { readonly [field: string]: unknown }>(entry: E, fields: readonly string[]): E => {
    const paths = fields.flatMap((field) => {
      const path = entry[field];
      return typeof path === 'string' && path !== '' ? [[field, resolve(folder, path)]] : [];
    });
    return { ...entry, ...Object.fromEntries(paths) };
  };
  const clusters = config.clusters?.map((named): NamedCluster => ({
    ...named,
    cluster: absolute(named.cluster, ['certificate-authority']),
  }));
  const users = config.users?.map((named): NamedUser => {
    if (named.user === undefined || named.user === null) return named;
    const user = absolute(named.user, ['client-certificate', 'client-key', 'tokenFile']);
    const command = user.exec?.command;
    // A command without a slash is looked up in PATH.
    if (command === undefined || !command.includes(sep)) return { ...named, user };
    return { ...named, user: { ...user, exec: { ...user.exec, command: resolve(folder, command) } } };
  });
  return { ...config, ...(clusters === undefined ? {} : { clusters }), ...(users === undefined ? {} : { users }) };
}

/** Reads a PEM, from its file where it is one. */
export function readPem(source: { readonly pem: string } | { readonly file: string }): string {
  if ('pem' in source) return source.pem;
  try {
    return readFileSync(source.file, 'utf8');
  } catch (cause) {
    throw new SluiceError('KubeconfigInvalid', `${source.file}, which the kubeconfig names, can't be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}
