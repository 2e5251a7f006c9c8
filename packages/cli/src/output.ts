import type { Json } from '@sluice/core';
import { printYaml } from '@sluice/yaml';
import type { Terminal } from './terminal.js';

/** Prints a value for `-o json` or `-o yaml`. */
export function printStructured(terminal: Terminal, format: string, value: Json): void {
  if (format !== 'json' && format !== 'yaml')
    throw new Error(`invalid output format ${JSON.stringify(format)}, must be one of: json, yaml`);
  terminal.out(format === 'json' ? `${JSON.stringify(value, undefined, 2)}\n` : printYaml(value));
}
