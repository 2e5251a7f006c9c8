import type { Random } from './cipher.js';
import { sopsError } from './error.js';

/**
 * Shamir's secret sharing over GF(2^8), with the polynomial of AES. A share is the values of the polynomials, one a byte
 * of the secret, at a place; the place is the share's last byte.
 */
export function splitSecret(secret: Uint8Array, shares: number, threshold: number, random: Random): Uint8Array[] {
  if (threshold < 2 || threshold > shares || shares > 255 || secret.length === 0) {
    throw sopsError(
      'SopsSettingsInvalid',
      `a key can't be split among ${shares} key groups so that ${threshold} of them are enough: the threshold must be from 2 to the number of groups (at most 255)`,
    );
  }
  const higher = random(secret.length * (threshold - 1));
  return Array.from({ length: shares }, (_, index) => {
    const x = index + 1;
    const share = new Uint8Array(secret.length + 1);
    share[secret.length] = x;
    for (let byte = 0; byte < secret.length; byte++) {
      let y = 0;
      for (let degree = threshold - 2; degree >= 0; degree--) y = multiply(y, x) ^ higher[byte * (threshold - 1) + degree]!;
      share[byte] = multiply(y, x) ^ secret[byte]!;
    }
    return share;
  });
}

/** The secret of enough shares. Of too few, or wrong ones, it is something else: nothing in a share tells. */
export function combineShares(shares: readonly Uint8Array[]): Uint8Array {
  const length = shares[0]?.length ?? 0;
  if (shares.length < 2 || length < 2 || shares.some((share) => share.length !== length)) throw invalid('of different lengths');
  const places = shares.map((share) => share[length - 1]!);
  if (new Set(places).size !== places.length || places.includes(0)) throw invalid('at the same place');
  // Lagrange's basis polynomials at 0; subtraction is addition is XOR.
  const weights = places.map((x, index) =>
    places.reduce((product, other, at) => (at === index ? product : multiply(product, divide(other, x ^ other))), 1),
  );
  return Uint8Array.from({ length: length - 1 }, (_, byte) =>
    shares.reduce((sum, share, index) => sum ^ multiply(share[byte]!, weights[index]!), 0),
  );
}

function multiply(a: number, b: number): number {
  let result = 0;
  for (let bit = 7; bit >= 0; bit--) result = (result << 1) ^ ((result >> 7) * 0x11b) ^ (((b >> bit) & 1) * a);
  return result;
}

/** The group of what is not zero has 255 elements, so that b^254 is the inverse of b. */
function divide(a: number, b: number): number {
  let inverse = 1;
  for (let power = 0; power < 254; power++) inverse = multiply(inverse, b);
  return multiply(a, inverse);
}

function invalid(how: string): Error {
  return sopsError('SopsMetadataInvalid', `the shares of the data key do not fit together: they are ${how}`);
}
