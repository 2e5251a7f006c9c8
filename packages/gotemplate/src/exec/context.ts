import type { GoValue } from '../values/values.js';

/** Where an execution stops, so that no template can use up the machine. */
export interface TemplateLimits {
  /** Actions, iterations and calls. */
  readonly steps?: number;
  /** The characters of a text: the output, or one that a function makes. */
  readonly textLength?: number;
  /** The elements of a list that a function makes. */
  readonly listLength?: number;
  /** Templates within templates. */
  readonly depth?: number;
  /** Asked now and then; the execution ends when it says so. */
  readonly isOver?: () => boolean;
}

/** What a function can ask of the execution that calls it. */
export interface CallContext {
  /** What the program handed to `execute` for its functions. */
  readonly host: unknown;
  readonly limits: Readonly<Required<TemplateLimits>>;
  /** The output of another template of the same set. */
  readonly render: (name: string, data: GoValue) => string;
  /** The output of a text, which sees the set's templates; what it defines itself, it alone sees. */
  readonly renderText: (name: string, text: string, data: GoValue) => string;
  /** Refuses to make a text that is too long. Call it before making it. */
  readonly checkTextLength: (length: number) => void;
  /** Refuses to make a list that is too long. Call it before making it. */
  readonly checkListLength: (length: number) => void;
  /** Refuses a value that holds too much to print or copy: the same list again and again, or itself. */
  readonly checkSize: (value: GoValue) => void;
}
