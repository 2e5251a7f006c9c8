import type { FlagSpec } from '../command-line/index.js';
import { choice, int } from './flag-builders.js';

/** The flags that say what a generated key is like. */
export const sshKeyFlags: readonly FlagSpec[] = [
  oneOf('ssh-key-algorithm', 'SSH public key algorithm', 'public key algorithm', ['rsa', 'ecdsa', 'ed25519'], 'ecdsa'),
  int('ssh-rsa-bits', 'SSH RSA public key bit size (multiplies of 8, min 1024)', {
    default: '2048',
    typeName: 'rsaKeyBits',
    accept: (given) => {
      if (Number(given) < 1024) throw new Error('RSA key bit size must be at least 1024');
      if (Number(given) % 8 !== 0) throw new Error('RSA key bit size must be a multiples of 8');
      // Making a larger one takes minutes.
      if (Number(given) > 16_384) throw new Error('RSA key bit size must be at most 16384');
      return given;
    },
  }),
  oneOf('ssh-ecdsa-curve', 'SSH ECDSA public key curve', 'curve', ['p256', 'p384', 'p521'], 'p384'),
];

/** A text out of a few, refused with Flux's words. */
export function oneOf(name: string, usage: string, noun: string, values: readonly string[], standard: string): FlagSpec {
  const known = `must be one of: ${values.join(', ')}`;
  return choice(
    name,
    usage,
    values,
    { other: (text) => `unsupported ${noun} '${text}', ${known}`, empty: `no ${noun} given, ${known}` },
    { default: standard },
  );
}
