import { readFile, writeFile } from 'node:fs/promises';
import { isUtf8 } from 'node:buffer';
import { buffer } from 'node:stream/consumers';
import { formatOfPath, type SopsFormat } from '@sluice/sops';
import type { Invocation } from '../command-line/index.js';
import { writePrivateFile } from '../up/private-file.js';

/** The file that a command works on. */
export interface Input {
  readonly bytes: Uint8Array;
  /** As it is named in messages, and where rules look. */
  readonly name: string;
  readonly format: SopsFormat;
}

/** Reads the file of the command line; `-` is standard input. */
export async function readInput(
  { args, flags }: Invocation,
  read: () => Promise<Uint8Array> = () => buffer(process.stdin),
): Promise<Input> {
  const [path = '-', ...more] = args;
  if (more.length > 0) throw new Error('specify one file');
  const override = flags.has('filename-override') ? flags.string('filename-override') : '';
  const name = override === '' ? (path === '-' ? '/dev/stdin' : path) : override;
  const bytes = path === '-' ? await read() : await readFile(path);
  return { bytes, name, format: formatFlag(flags.string('input-type')) ?? formatOfPath(name) };
}

/** The format to print in. */
export function outputFormat({ flags }: Invocation, input: Input): SopsFormat {
  return formatFlag(flags.string('output-type')) ?? input.format;
}

function formatFlag(value: string): SopsFormat | undefined {
  return value === '' ? undefined : (value as SopsFormat);
}

/** Writes the outcome where the command line says: into the file itself, another one, or standard output. */
export async function writeOutput(
  { args, flags, terminal }: Invocation,
  bytes: Uint8Array,
  { isSecret }: { isSecret: boolean },
): Promise<void> {
  const inPlace = flags.bool('in-place');
  const output = flags.string('output');
  if (inPlace && output !== '') throw new Error('--in-place and --output exclude each other');
  if (inPlace && (args[0] === undefined || args[0] === '-')) throw new Error('--in-place needs a file');
  if (inPlace) return writeFile(args[0]!, bytes);
  // What is no text can't go through a terminal of texts.
  if (output === '' && !isUtf8(bytes)) process.stdout.write(bytes);
  else if (output === '') terminal.out(Buffer.from(bytes).toString('utf8'));
  if (output === '') return;
  if (isSecret) await writePrivateFile(output, bytes);
  else await writeFile(output, bytes);
}
