import { RE2JS } from 're2js';
import { sopsError } from './error.js';

/** Which values of a file are encrypted; at most one rule is set. Without one, all but those under `…_unencrypted` keys. */
export interface EncryptionRule {
  readonly unencryptedSuffix?: string;
  readonly encryptedSuffix?: string;
  readonly unencryptedRegex?: string;
  readonly encryptedRegex?: string;
  readonly unencryptedCommentRegex?: string;
  readonly encryptedCommentRegex?: string;
}

export const DEFAULT_UNENCRYPTED_SUFFIX = '_unencrypted';

/** Comments that stand before a value: for each collection around it, the ones since the entry before. */
export type CommentStack = readonly (readonly string[])[];

/** Whether a value is encrypted, by the keys that lead to it and the comments before them. */
export type Selector = (path: readonly string[], comments: CommentStack, isComment: boolean) => boolean;

/** The selector of a rule. An absent rule is the default one. */
export function selector(rule: EncryptionRule): Selector {
  const { encryptedSuffix, unencryptedRegex, encryptedRegex, unencryptedCommentRegex, encryptedCommentRegex } = rule;
  if (encryptedSuffix !== undefined) return (path) => path.some((key) => key.endsWith(encryptedSuffix));
  if (unencryptedRegex !== undefined) {
    const matches = matcher(unencryptedRegex);
    return (path) => !path.some(matches);
  }
  if (encryptedRegex !== undefined) {
    const matches = matcher(encryptedRegex);
    return (path) => path.some(matches);
  }
  if (unencryptedCommentRegex !== undefined) {
    const matches = matcher(unencryptedCommentRegex);
    return (_, comments) => !comments.some((group) => group.some(matches));
  }
  if (encryptedCommentRegex !== undefined) {
    const matches = matcher(encryptedCommentRegex);
    // The comment that asks for encryption stays readable itself.
    return (_, comments, isComment) =>
      comments.some((group, index) => (isComment && index === comments.length - 1 ? group.slice(0, -1) : group).some(matches));
  }
  const suffix = rule.unencryptedSuffix ?? DEFAULT_UNENCRYPTED_SUFFIX;
  return (path) => !path.some((key) => key.endsWith(suffix));
}

/** How many answers of a pattern are kept. */
const MAX_ANSWERS = 10_000;

/** Whether a pattern is found in a text. Keys repeat, so that answers are kept. */
export function matcher(pattern: string): (text: string) => boolean {
  const compiled = compile(pattern);
  const answers = new Map<string, boolean>();
  return (text) => {
    const known = answers.get(text);
    if (known !== undefined) return known;
    const answer = compiled.matcher(text).find();
    if (answers.size < MAX_ANSWERS) answers.set(text, answer);
    return answer;
  };
}

function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    throw sopsError('RegexInvalid', `the regular expression ${JSON.stringify(pattern)} does not compile`, error);
  }
}
