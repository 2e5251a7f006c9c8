import type { CommandSpec } from '../command-line/index.js';

const load = (what: 'list' | 'uninstall' | 'refuse') => async () => ({ run: (await import('../commands/plugin.js'))[what] });
const notFetched = 'Plugins are put into their directory by hand; this command says where that is.';

/** `plugin …`. */
export const pluginCommand: CommandSpec = {
  name: 'plugin',
  short: 'Manage Flux CLI plugins',
  long: 'The plugin sub-commands manage programs named flux-NAME, which run as `flux NAME`.',
  commands: [
    { name: 'install', args: '<name>[@<version>|@<digest>]', short: 'Install a plugin', long: notFetched, load: load('refuse') },
    { name: 'list', aliases: ['ls'], short: 'List installed plugins', load: load('list') },
    { name: 'search', args: '[query]', short: 'Search for plugins', long: notFetched, load: load('refuse') },
    { name: 'uninstall', args: '<name>', aliases: ['delete'], short: 'Uninstall a plugin', load: load('uninstall') },
    { name: 'update', args: '[name]', aliases: ['upgrade'], short: 'Update plugins', long: notFetched, load: load('refuse') },
  ],
};
