/** A template that does not parse, or a variable without a value. */
export class EnvsubstError extends Error {
  /** Where in the text, in bytes. */
  readonly offset: number;
  readonly variable: string | undefined;

  constructor(message: string, offset: number, variable?: string) {
    super(message);
    this.offset = offset;
    this.variable = variable;
  }
}
