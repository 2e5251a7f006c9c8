import { parseIpAddress } from '@sluice/core';
import { goFunction } from '../exec/function.js';
import type { SprigHost } from './host.js';

/** os.Expand: `$name`, `${name}`, and the names of one character that shells have. */
function expand(text: string, valueOf: (name: string) => string): string {
  return text.replaceAll(
    /\$(?:\{([^}]*)\}|([*#$@!?0-9-])|([A-Za-z_][A-Za-z0-9_]*))/g,
    (_, braced?: string, special?: string, name?: string) => valueOf(braced ?? special ?? name ?? ''),
  );
}

export function environmentFunctions({ environment, addresses }: SprigHost) {
  const valueOf = (name: string): string => environment(name) ?? '';
  return {
    env: goFunction(['string'], 'string', valueOf),
    expandenv: goFunction(['string'], 'string', (text) => expand(text, valueOf)),
    getHostByName: goFunction(['string'], 'string', (name) => {
      const [address] = parseIpAddress(name) === undefined ? addresses(name) : [name];
      if (address === undefined) throw new Error('invalid argument to Intn');
      return address;
    }),
  };
}
