/** The way back to where it began over what depends on what, if there is one: whoever is on it waits for ever. */
export function findDependencyCycle<T>(start: T, next: (node: T) => readonly T[], subjectOf: (node: T) => string): string[] | undefined {
  const first = subjectOf(start);
  const seen = new Set<string>();
  const visit = (node: T, path: readonly string[]): string[] | undefined => {
    for (const dependency of next(node)) {
      const subject = subjectOf(dependency);
      if (subject === first) return [...path, subject];
      if (seen.has(subject)) continue;
      seen.add(subject);
      const found = visit(dependency, [...path, subject]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return visit(start, [first]);
}
