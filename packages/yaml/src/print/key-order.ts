const letter = /^\p{L}$/u;
const digit = /^\p{Nd}$/u;

function isLetter(code: number): boolean {
  if (code < 128) return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
  return letter.test(String.fromCodePoint(code));
}

function isDigit(code: number): boolean {
  if (code < 128) return code >= 48 && code <= 57;
  return digit.test(String.fromCodePoint(code));
}

/**
 * The order in which go-yaml prints the keys of a map: natural (`v9` before `v10`), other characters before letters.
 * `v3` differs from v2 where digits end before a letter: `v2` < `v2a` < `v10` there.
 *
 * v2's order is not transitive for some sets of keys (`v2` < `v10` < `v1alpha1` < `v2`); Go prints those in an order
 * that depends on chance, so any order is as good.
 */
export function compareKeys(a: string, b: string, v3: boolean): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    if (a.charCodeAt(index) !== b.charCodeAt(index)) return compareFrom(a, b, index, v3);
  }
  return a.length - b.length;
}

/** Compares two keys from the first character in which they differ. */
function compareFrom(a: string, b: string, index: number, v3: boolean): number {
  const isLow = index > 0 && (a.codePointAt(index - 1) ?? 0) > 0xffff;
  const left = a.codePointAt(isLow ? index - 1 : index) ?? 0;
  const right = b.codePointAt(isLow ? index - 1 : index) ?? 0;
  const leftLetter = isLetter(left);
  const rightLetter = isLetter(right);
  if (leftLetter && rightLetter) return left - right;
  if (leftLetter || rightLetter) {
    const afterDigits = v3 && index > 0 && isDigit(a.charCodeAt(index - 1));
    return (afterDigits ? leftLetter : rightLetter) ? -1 : 1;
  }
  return compareNumbers(a, b, index) || left - right;
}

/** Compares the numbers that begin at a character in which two keys differ. */
function compareNumbers(a: string, b: string, index: number): number {
  // After other digits a zero is part of the number, not in front of it.
  let lead = 0n;
  if (a[index] === '0' || b[index] === '0') {
    for (let before = index - 1; before >= 0 && isDigit(a.charCodeAt(before)); before--) {
      if (a[before] !== '0') {
        lead = 1n;
        break;
      }
    }
  }
  const left = numberAt(a, index, lead);
  const right = numberAt(b, index, lead);
  if (left.value !== right.value) return left.value < right.value ? -1 : 1;
  return left.end - right.end;
}

function numberAt(text: string, start: number, lead: bigint): { value: bigint; end: number } {
  let value = lead;
  let end = start;
  for (; end < text.length && isDigit(text.charCodeAt(end)); end++) {
    // int64, as there.
    value = BigInt.asIntN(64, value * 10n + BigInt(text.charCodeAt(end) - 48));
  }
  return { value, end };
}
