import type { Invocation } from '../command-line/index.js';
import { readRelease } from '../helm-release.js';

/** `helm get manifest RELEASE`. */
export async function run(invocation: Invocation): Promise<void> {
  const { manifest } = await readRelease(invocation);
  invocation.terminal.out(`${manifest}\n`);
}
