import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

/** A fenced block of a page: what stands after the language in its first line is its settings. */
export interface Block {
  readonly language: string;
  /** ` ```console fails ` or ` ```console not-run="needs a real cluster" `. */
  readonly settings: ReadonlyMap<string, string>;
  readonly lines: readonly string[];
  /** Of its first line in the page. */
  readonly line: number;
}

export interface Page {
  /** From the root of the project. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

/** What people read: the pages of docs/, and those at the root. Decisions are for those who change the code. */
export function readPages(): readonly Page[] {
  const inDocs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md') && !path.startsWith('decisions'))
    .map((path) => join('docs', path));
  return ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'examples/quickstart/README.md', ...inDocs.sort()].map((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    return { path, text, blocks: readBlocks(text) };
  });
}

export function readBlocks(text: string): readonly Block[] {
  const blocks: Block[] = [];
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const [opening, indent = '', language = '', settings = ''] = /^( *)```(\S*)\s*(.*)$/.exec(lines[at] ?? '') ?? [];
    if (opening === undefined) continue;
    const end = lines.indexOf(`${indent}\`\`\``, at + 1);
    if (end < 0) throw new Error(`the block in line ${at + 1} does not end`);
    const inside = lines.slice(at + 1, end).map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
    blocks.push({ language, settings: readSettings(settings), lines: inside, line: at + 2 });
    at = end;
  }
  return blocks;
}

function readSettings(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(/([\w-]+)(?:="([^"]*)")?/g)].map(([, name = '', value = '']) => [name, value]));
}

/** A command of a console block, and the lines that it is said to print. */
export interface Step {
  readonly command: string;
  readonly output: readonly string[];
  readonly line: number;
}

/** `$ ` begins a command; a line after one that ends in a backslash, or after `> `, goes on with it. */
export function readSteps({ lines, line }: Block): readonly Step[] {
  const steps: { command: string; output: string[]; line: number }[] = [];
  for (const [index, text] of lines.entries()) {
    const last = steps.at(-1);
    if (text.startsWith('$ ')) steps.push({ command: text.slice(2), output: [], line: line + index });
    else if (last === undefined) throw new Error(`line ${line + index} comes before the first command, which begins with "$ "`);
    else if (last.output.length === 0 && last.command.endsWith('\\')) last.command += `\n${text}`;
    else if (last.output.length === 0 && text.startsWith('> ')) last.command += `\n${text.slice('> '.length)}`;
    else last.output.push(text);
  }
  return steps;
}

/**
 * The first line of those said to be printed that was not, in their order; undefined when all were. An ellipsis stands for
 * any text, as a line of its own for any lines; how wide columns are does not count.
 */
export function missingLine(expected: readonly string[], output: string): string | undefined {
  const printed = output.split('\n').map(normal);
  let at = 0;
  for (const line of expected) {
    if (line.trim() === '…' || line.trim() === '') continue;
    const pattern = new RegExp(`^${normal(line).split('…').map(escapeRegExp).join('.*')}$`);
    const found = printed.findIndex((each, index) => index >= at && pattern.test(each));
    if (found < 0) return line;
    at = found + 1;
  }
  return undefined;
}

function normal(line: string): string {
  return line.replaceAll(/\s+/g, ' ').trim();
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
