const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
const DIGITS = 4;

/** A number of bytes as Go's units package prints it: four digits, and no zeros at the end. `1.18kB`. */
export function humanSize(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < UNITS.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${Number(size.toPrecision(DIGITS))}${UNITS[unit]}`;
}
