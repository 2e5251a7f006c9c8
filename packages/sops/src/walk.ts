import { Comment, Mapping, type Scalar, type Value } from './tree.js';
import type { CommentStack } from './rules.js';

/** What becomes of a scalar or a comment, which stands at a path, below some comments. */
export type Leaf = (value: Exclude<Scalar, null> | Comment, path: readonly string[], comments: CommentStack) => Scalar | Comment;

/** Puts what `leaf` gives in the place of every scalar and comment of a document, in the order of the file. */
export function walk(document: Mapping, leaf: Leaf): void {
  walkMapping(document, [], [], leaf);
}

function walkMapping(mapping: Mapping, path: string[], outer: CommentStack, leaf: Leaf): void {
  const before: string[] = [];
  const comments = [...outer, before];
  for (const item of mapping.items) {
    if (item.key instanceof Comment) {
      before.push(item.key.text);
      const result = leaf(item.key, path, comments);
      if (result instanceof Comment) item.key = result;
      else if (typeof result === 'string') item.key = new Comment(result, item.key.inline);
      continue;
    }
    path.push(item.key);
    item.value = walkValue(item.value, path, comments, leaf);
    path.pop();
    before.length = 0;
  }
}

function walkList(list: Value[], path: string[], outer: CommentStack, leaf: Leaf): void {
  const before: string[] = [];
  const comments = [...outer, before];
  for (const [index, value] of list.entries()) {
    const isComment = value instanceof Comment;
    if (isComment) before.push(value.text);
    list[index] = walkValue(value, path, comments, leaf);
    if (!isComment) before.length = 0;
  }
}

function walkValue(value: Value, path: string[], comments: CommentStack, leaf: Leaf): Value {
  if (value === null) return null;
  if (value instanceof Mapping) walkMapping(value, path, comments, leaf);
  else if (Array.isArray(value)) walkList(value, path, comments, leaf);
  else return leaf(value, path, comments);
  return value;
}
