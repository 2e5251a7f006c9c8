/** The way back to where it began over what depends on what, if there is one: whoever is on it waits for ever. */
export function findDependencyCycle(start: string, dependenciesOf: (key: string) => readonly string[]): string[] | undefined {
  const seen = new Set<string>();
  const visit = (key: string, path: readonly string[]): string[] | undefined => {
    for (const dependency of dependenciesOf(key)) {
      if (dependency === start) return [...path, dependency];
      if (seen.has(dependency)) continue;
      seen.add(dependency);
      const found = visit(dependency, [...path, dependency]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return visit(start, [start]);
}
