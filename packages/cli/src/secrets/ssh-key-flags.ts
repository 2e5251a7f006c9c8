import type { FlagSpec } from '../command-line/index.js';

/** The flags that say what a generated key is like. */
export const sshKeyFlags: readonly FlagSpec[] = [
  {
    name: 'ssh-key-algorithm',
    type: 'string',
    usage: 'SSH public key algorithm',
    default: 'ecdsa',
    oneOf: ['rsa', 'ecdsa', 'ed25519'],
  },
  { name: 'ssh-rsa-bits', type: 'int', usage: 'SSH RSA public key bit size (multiplies of 8, min 1024)', default: '2048' },
  { name: 'ssh-ecdsa-curve', type: 'string', usage: 'SSH ECDSA public key curve', default: 'p384', oneOf: ['p256', 'p384', 'p521'] },
];
