import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject } from '@sluice/core';

type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'flux-';

export interface Plugin {
  readonly name: string;
  /** As its receipt has it; `manual` for one that somebody has put there. */
  readonly version: string;
  readonly path: string;
}

/** Where plugins are: programs named `flux-NAME`. */
export function pluginDirectory(environment: Environment): string {
  return environment['FLUXCD_PLUGINS'] ?? join(environment['HOME'] ?? '', '.fluxcd/plugins');
}

/** The plugins that are there, by name. */
export async function listPlugins(environment: Environment): Promise<Plugin[]> {
  const directory = pluginDirectory(environment);
  const files = await readdir(directory).catch(() => []);
  const plugins = files
    .filter((file) => file.startsWith(PREFIX) && !file.endsWith('.yaml') && !file.endsWith('.json'))
    .map(async (file): Promise<Plugin[]> => {
      const path = join(directory, file);
      const isProgram = await access(path, 1).then(
        () => true,
        () => false,
      );
      const name = file.slice(PREFIX.length);
      return isProgram ? [{ name, version: await versionOf(directory, name), path }] : [];
    });
  return (await Promise.all(plugins)).flat().toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function versionOf(directory: string, name: string): Promise<string> {
  try {
    const { parseYaml } = await import('@sluice/yaml');
    const receipt = parseYaml(await readFile(join(directory, `${PREFIX}${name}.yaml`), 'utf8'));
    if (isJsonObject(receipt) && typeof receipt['version'] === 'string') return receipt['version'];
  } catch {
    // Without a receipt somebody has put it there.
  }
  return 'manual';
}

/** Runs a plugin in this terminal, and returns its exit code; undefined when there is none of this name. */
export async function runPlugin(name: string, args: readonly string[], environment: Environment): Promise<number | undefined> {
  const plugin = (await listPlugins(environment)).find((candidate) => candidate.name === name);
  if (plugin === undefined) return undefined;
  return new Promise((resolve, reject) => {
    const child = spawn(plugin.path, args, { stdio: 'inherit', env: environment });
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}
