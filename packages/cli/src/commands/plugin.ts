import { rm } from 'node:fs/promises';
import type { Invocation } from '../command-line/index.js';
import { listPlugins, pluginDirectory } from '../plugins.js';
import { printTable } from '../table.js';

/** `plugin list`. */
export async function list({ terminal }: Invocation): Promise<void> {
  const plugins = await listPlugins(terminal.environment);
  if (plugins.length === 0) return terminal.out('No plugins found\n');
  terminal.out(
    printTable(
      ['name', 'version', 'path'],
      plugins.map(({ name, version, path }) => [name, version, path]),
    ),
  );
}

/** `plugin uninstall NAME`. */
export async function uninstall({ args, terminal }: Invocation): Promise<void> {
  const [name] = args;
  if (name === undefined || args.length > 1) throw new Error(`accepts 1 arg(s), received ${args.length}`);
  const plugin = (await listPlugins(terminal.environment)).find((candidate) => candidate.name === name);
  if (plugin === undefined) throw new Error(`plugin ${JSON.stringify(name)} is not installed`);
  await rm(plugin.path);
  await rm(`${plugin.path}.yaml`, { force: true });
  terminal.success(`uninstalled ${name}`);
}

/** `plugin install`, `search`, `update`: programs from a catalogue are not fetched. */
export function refuse({ terminal }: Invocation): Promise<void> {
  throw new Error(
    'plugins are programs of others, which this one does not download: get flux-NAME from its project, ' +
      `check it, and put it into ${pluginDirectory(terminal.environment)}`,
  );
}
