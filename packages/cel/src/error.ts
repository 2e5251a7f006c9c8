/** Why an expression has no value: a missing key, a wrong type, too high a cost. Part of evaluation: `false && error` is false. */
export class CelError extends Error {
  override readonly name = 'CelError';
}

/** The cost of an evaluation went over its limit. Not to be absorbed by `&&` and `||`. */
export class CelCostError extends Error {
  override readonly name = 'CelCostError';
}

/** A fault of an expression's text, with its place. */
export class CelSyntaxError extends Error {
  override readonly name = 'CelSyntaxError';

  constructor(source: string, offset: number, detail: string) {
    super(describe(source, offset, detail));
  }
}

/** `ERROR: <input>:1:5: detail`, the line, and a mark under the place, as cel-go prints it. */
function describe(source: string, offset: number, detail: string): string {
  const before = source.slice(0, offset).split('\n');
  const line = source.split('\n')[before.length - 1] ?? '';
  const column = before[before.length - 1]?.length ?? 0;
  return `ERROR: <input>:${before.length}:${column + 1}: ${detail}\n | ${line}\n | ${'.'.repeat(column)}^`;
}
