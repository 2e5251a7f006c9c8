import type { Mark } from '../error.js';
import type { ScalarStyle } from '../node.js';

/** The tokens that the scanner cuts a text into. Block collections begin and end where the indentation says so. */
export type TokenType =
  | 'stream-end'
  | 'version-directive'
  | 'tag-directive'
  | 'document-start'
  | 'document-end'
  | 'block-sequence-start'
  | 'block-mapping-start'
  | 'block-end'
  | 'flow-sequence-start'
  | 'flow-sequence-end'
  | 'flow-mapping-start'
  | 'flow-mapping-end'
  | 'block-entry'
  | 'flow-entry'
  | 'key'
  | 'value'
  | 'alias'
  | 'anchor'
  | 'tag'
  | 'scalar';

export interface Token {
  readonly type: TokenType;
  readonly start: Mark;
  /** The text of a scalar, the name of an anchor or alias, the handle of a tag, the version of a directive. */
  readonly value: string;
  /** What follows the handle of a tag; the prefix of a tag directive. */
  readonly suffix: string;
  readonly style: ScalarStyle;
}

export function token(type: TokenType, start: Mark, value = '', suffix = '', style: ScalarStyle = 'plain'): Token {
  return { type, start, value, suffix, style };
}
