/** The flags, width and precision of one verb. */
export interface Spec {
  plus: boolean;
  minus: boolean;
  sharp: boolean;
  space: boolean;
  zero: boolean;
  width: number | undefined;
  precision: number | undefined;
  /** `%+v` and `%#v` set these instead of plus and sharp. */
  plusV: boolean;
  sharpV: boolean;
}

export function plainSpec(): Spec {
  return {
    plus: false,
    minus: false,
    sharp: false,
    space: false,
    zero: false,
    width: undefined,
    precision: undefined,
    plusV: false,
    sharpV: false,
  };
}

/** Text filled up to the width, counted in runes. */
export function pad(text: string, spec: Spec): string {
  if (spec.width === undefined) return text;
  const missing = spec.width - runeCount(text);
  if (missing <= 0) return text;
  if (spec.minus) return text + ' '.repeat(missing);
  return (spec.zero ? '0' : ' ').repeat(missing) + text;
}

export function runeCount(text: string): number {
  // Lone surrogates stand for a byte each, and count as one rune as Go's invalid bytes do.
  let count = 0;
  for (const _ of text) count++;
  return count;
}
