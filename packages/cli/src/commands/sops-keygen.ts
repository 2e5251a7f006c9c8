import { generateAgeKey } from '@sluice/sops';
import { stat } from 'node:fs/promises';
import type { Invocation } from '../command-line/index.js';
import { writePrivateFile } from '../up/private-file.js';

/** `sops keygen`. */
export async function run({ args, flags, terminal }: Invocation): Promise<void> {
  if (args.length > 0) throw new Error('keygen takes no arguments: name a file with --output');
  const { identity, recipient } = await generateAgeKey({ postQuantum: flags.bool('post-quantum') });
  const created = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const text = `# created: ${created}\n# public key: ${recipient}\n${identity}\n`;
  const output = flags.string('output');
  if (output === '') return terminal.out(text);
  const exists = await stat(output).then(
    () => true,
    () => false,
  );
  if (exists) throw new Error(`${output} is there already: keys in it would be lost`);
  await writePrivateFile(output, text);
  terminal.success(`private key written to ${output}; public key: ${recipient}`);
}
