/** An element more: most arrays of a tree have but one, and an empty array makes room for many with the first. */
export function appended<T>(array: T[] | undefined, element: T): T[] {
  if (array === undefined) return [element];
  array.push(element);
  return array;
}

/** Without room for more. */
export function exact<T>(array: T[]): T[] {
  return array.length === 1 ? array : array.slice();
}
