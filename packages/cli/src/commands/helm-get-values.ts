import { computedValues } from '@sluice/helm';
import { printYaml } from '@sluice/yaml';
import type { Invocation } from '../command-line/index.js';
import { readRelease } from '../helm-release.js';

/** `helm get values RELEASE`. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal } = invocation;
  const release = await readRelease(invocation);
  const values = flags.bool('all') ? computedValues(release) : (release.config ?? null);
  const output = flags.string('output');
  if (output === 'json') return terminal.out(`${JSON.stringify(values)}\n`);
  if (output === 'table') terminal.out(flags.bool('all') ? 'COMPUTED VALUES:\n' : 'USER-SUPPLIED VALUES:\n');
  return terminal.out(printYaml(values));
}
