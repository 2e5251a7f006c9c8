import { decrypt, printValue, valueAt, type Decrypted } from '@sluice/sops';
import type { Invocation } from '../command-line/index.js';
import { findConfig } from '../sops/config.js';
import { outputFormat, readInput, writeOutput } from '../sops/file.js';
import { privateKeys } from '../sops/private-keys.js';

/** A file may be larger here than the engine takes from a repository. */
const MAX_BYTES = 64 * 1024 * 1024;

/** `sops decrypt FILE`. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal } = invocation;
  const input = await readInput(invocation);
  const output = outputFormat(invocation, input);
  const layout = await layoutOf(invocation, input.name, output);
  const decrypted = await decrypt(input.bytes, {
    format: input.format,
    output,
    file: input.name,
    keys: await privateKeys(terminal.environment, flags.list('key-file')),
    mac: flags.bool('ignore-mac') ? 'ignore' : 'enforce',
    maxBytes: MAX_BYTES,
    layout,
  });
  const extract = flags.string('extract');
  const bytes = extract === '' ? decrypted.plaintext : extracted(decrypted, extract, output, layout);
  await writeOutput(invocation, bytes, { isSecret: true });
}

type Layout = NonNullable<Parameters<typeof printValue>[2]>;

function extracted({ documents }: Decrypted, path: string, format: ReturnType<typeof outputFormat>, layout: Layout): Uint8Array {
  const value = valueAt(documents[0], path);
  return printValue(value, format, layout);
}

async function layoutOf({ flags }: Invocation, file: string, format: ReturnType<typeof outputFormat>): Promise<Layout> {
  const found = await findConfig(file, flags.string('config'));
  return found?.config.layoutOf(format) ?? {};
}
