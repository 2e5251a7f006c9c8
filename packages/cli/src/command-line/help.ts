import { commandOf, flagsOf, type CommandPath } from './command.js';
import { shownDefault, shownType, type FlagSpec } from './flags.js';

/** The text of `--help`, laid out as cobra's. */
export function helpText(path: CommandPath): string {
  const command = commandOf(path);
  const title = (command.long ?? command.short).trimEnd();
  return `${title}\n\n${usageText(path)}`;
}

function usageText(path: CommandPath): string {
  const command = commandOf(path);
  const words = path.map((part) => part.name).join(' ');
  const { own, inherited } = flagsOf(path);
  const children = (command.commands ?? []).filter((child) => child.hidden !== true);
  const lines = ['Usage:'];
  if (command.load !== undefined) lines.push(`  ${words}${command.args === undefined ? '' : ` ${command.args}`} [flags]`);
  if (children.length > 0) lines.push(`  ${words} [command]`);
  if (command.aliases !== undefined && command.aliases.length > 0) {
    lines.push('', 'Aliases:', `  ${[command.name, ...command.aliases].join(', ')}`);
  }
  if (command.example !== undefined) lines.push('', 'Examples:', command.example.replace(/\n+$/, ''));
  if (children.length > 0) {
    const width = Math.max(11, ...children.map((child) => child.name.length));
    children.sort((a, b) => (a.name < b.name ? -1 : 1));
    lines.push('', 'Available Commands:', ...children.map((child) => `  ${child.name.padEnd(width)} ${child.short}`));
  }
  lines.push('', 'Flags:', ...flagLines(own));
  if (inherited.length > 0) lines.push('', 'Global Flags:', ...flagLines(inherited));
  if (children.length > 0) lines.push('', `Use "${words} [command] --help" for more information about a command.`);
  return `${lines.join('\n')}\n`;
}

function flagLines(flags: readonly FlagSpec[]): string[] {
  const rows = flags
    .filter((flag) => flag.hidden !== true && flag.deprecated === undefined)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((flag) => {
      const short = flag.shorthand === undefined ? '      ' : `  -${flag.shorthand}, `;
      return { left: `${short}--${flag.name}${shownType(flag)}`, usage: `${flag.usage}${shownDefault(flag)}` };
    });
  const width = Math.max(...rows.map((row) => row.left.length));
  return rows.map((row) => `${row.left.padEnd(width)}   ${row.usage}`);
}
