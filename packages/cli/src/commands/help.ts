import { helpText, parseLine, type Invocation } from '../command-line/index.js';

/** `help [COMMAND…]`. */
export function run({ args, root, terminal }: Invocation): Promise<void> {
  const { path, args: unknown } = parseLine(root, args);
  if (unknown.length > 0) throw new Error(`Unknown help topic ${JSON.stringify(args.join(' '))}`);
  terminal.out(helpText(path));
  return Promise.resolve();
}
