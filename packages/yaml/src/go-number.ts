/**
 * A float64 as Go's `strconv.FormatFloat(value, 'g', -1, 64)` writes it: the fewest digits that read back as the same
 * number, with an exponent below 1e-4 and from 1e+06 on. With `single` the same for a float32, which go-yaml makes of
 * floats that are keys.
 */
export function formatFloatG(value: number, single = false): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value < 0 ? '-Inf' : '+Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const scientific = single ? shortestFloat32(value) : value.toExponential();
  const split = scientific.indexOf('e');
  const exponent = Number(scientific.slice(split + 1));
  if (exponent >= -4 && exponent < 6) return plainDigits(scientific.slice(0, split), exponent);
  const digits = String(Math.abs(exponent)).padStart(2, '0');
  return `${scientific.slice(0, split)}e${exponent < 0 ? '-' : '+'}${digits}`;
}

/** The fewest digits that round to the same float32. */
function shortestFloat32(value: number): string {
  const single = Math.fround(value);
  if (!Number.isFinite(single)) return single.toString();
  for (let digits = 0; digits < 9; digits++) {
    const text = single.toExponential(digits);
    if (Math.fround(Number(text)) === single) return text.replace(/\.?0+e/, 'e');
  }
  return single.toExponential();
}

/** `1.5` with exponent 3 → `1500`, with exponent -2 → `0.015`. */
function plainDigits(mantissa: string, exponent: number): string {
  const sign = mantissa.startsWith('-') ? '-' : '';
  const digits = mantissa.replace(/[-.]/g, '');
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = digits.slice(exponent + 1);
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}
