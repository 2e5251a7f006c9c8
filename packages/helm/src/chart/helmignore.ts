import { SluiceError, baseName } from '@sluice/core';
import { compileFilePattern } from './file-pattern.js';

/** Whether a path of a chart is left out. */
export type IgnoreRules = (path: string, isDirectory: boolean) => boolean;

interface Rule {
  readonly negated: boolean;
  readonly directoriesOnly: boolean;
  readonly matches: (path: string) => boolean;
}

/**
 * The rules of a .helmignore. They look like Git's and are others: `**` is refused, the first rule that says something
 * decides, and a negated one leaves out all that it does not match.
 */
export function parseHelmIgnore(text: string, { defaults = true }: { readonly defaults?: boolean } = {}): IgnoreRules {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  const rules = [...lines, ...(defaults ? ['templates/.?*'] : [])].flatMap((line, index) => parseRule(line.trim(), index + 1));
  return (path, isDirectory) => {
    if (path === '' || path === '.' || path === './') return false;
    for (const { negated, directoriesOnly, matches } of rules) {
      if (negated) {
        if ((directoriesOnly && !isDirectory) || !matches(path)) return true;
      } else if ((!directoriesOnly || isDirectory) && matches(path)) return true;
    }
    return false;
  };
}

function parseRule(rule: string, line: number): Rule[] {
  if (rule === '' || rule.startsWith('#')) return [];
  const refused = (why: string): SluiceError => new SluiceError('ChartInvalid', why, { place: { file: '.helmignore', line } });
  if (rule.includes('**')) throw refused('double-star (**) syntax is not supported');
  if (compileFilePattern(rule) === undefined) throw refused('syntax error in pattern');
  const negated = rule.startsWith('!');
  let pattern = negated ? rule.slice(1) : rule;
  const directoriesOnly = pattern.endsWith('/');
  if (directoriesOnly) pattern = pattern.slice(0, -1);
  const isRooted = pattern.includes('/');
  const match = compileFilePattern(pattern.startsWith('/') ? pattern.slice(1) : pattern) ?? ((): boolean => false);
  return [{ negated, directoriesOnly, matches: (path) => match(isRooted ? path : baseName(path.replace(/\/$/, ''))) }];
}
