import type { CommandSpec } from '../command-line/index.js';
import { createObjectCommands } from './flux-create-objects.js';
import { createSecretCommand } from './flux-create-secret.js';
import { createSourceCommand } from './flux-create-source.js';

/** `create …`. */
export const createCommand: CommandSpec = {
  name: 'create',
  short: 'Create or update sources and resources',
  long: 'The create sub-commands generate sources and resources.',
  persistentFlags: [
    { name: 'export', type: 'bool', usage: 'export in YAML format to stdout' },
    { name: 'interval', type: 'duration', usage: 'source sync interval', default: '1m0s' },
    {
      name: 'label',
      type: 'strings',
      usage: 'set labels on the resource (can specify multiple labels with commas: label1=value1,label2=value2)',
    },
  ],
  commands: [...createObjectCommands, createSecretCommand, createSourceCommand],
};
