import { compileGlob, type Glob } from './glob.js';

/** What a pattern says about a path: nothing, leave it out, or keep it after all. */
type Verdict = 'none' | 'exclude' | 'include';

/** One line of a `.sourceignore` file. */
export interface IgnorePattern {
  match(path: readonly string[], isDirectory: boolean): Verdict;
}

/** Parses a line; `domain` is the directory (its segments) that the line is for. The rules are Flux's, which differ from Git's in corners. */
export function parsePattern(line: string, domain: readonly string[]): IgnorePattern {
  const isInclusion = line.startsWith('!');
  let text = isInclusion ? line.slice(1) : line;
  if (!text.endsWith('\\ ')) text = text.replace(/ +$/, '');
  const isDirectoryOnly = text.endsWith('/');
  if (isDirectoryOnly) text = text.slice(0, -1);
  const segments = text.split('/').map((segment) => ({ text: segment, glob: compileGlob(segment) }));
  const hits = text.includes('/') ? matchesPath : matchesAnyName;
  return {
    match(path, isDirectory) {
      if (path.length <= domain.length || !domain.every((segment, index) => path[index] === segment)) return 'none';
      if (!hits(segments, path.slice(domain.length), isDirectoryOnly, isDirectory)) return 'none';
      return isInclusion ? 'include' : 'exclude';
    },
  };
}

interface Segment {
  readonly text: string;
  readonly glob: Glob | undefined;
}

/** A pattern without a slash matches a name at any depth, and everything below it. */
function matchesAnyName([pattern]: readonly Segment[], path: readonly string[], isDirectoryOnly: boolean, isDirectory: boolean): boolean {
  if (pattern?.glob === undefined) return false;
  const index = path.findIndex(pattern.glob);
  return index >= 0 && !(isDirectoryOnly && !isDirectory && index === path.length - 1);
}

/** A pattern with a slash is anchored; `**` stands for any number of directories. */
function matchesPath(pattern: readonly Segment[], path: readonly string[], isDirectoryOnly: boolean, isDirectory: boolean): boolean {
  let matched = false;
  let mayTraverse = false;
  let at = 0;
  for (const [index, segment] of pattern.entries()) {
    if (segment.text === '') {
      mayTraverse = false;
      continue;
    }
    if (segment.text === '**') {
      if (index === pattern.length - 1) break;
      mayTraverse = true;
      continue;
    }
    if (segment.text.includes('**') || at >= path.length || segment.glob === undefined) return false;
    if (mayTraverse) {
      mayTraverse = false;
      while (at < path.length) {
        if (segment.glob(path[at++] ?? '')) {
          matched = true;
          break;
        }
        if (at === path.length) matched = false;
      }
    } else {
      if (!segment.glob(path[at] ?? '')) return false;
      matched = true;
      at++;
    }
  }
  return matched && !(isDirectoryOnly && !isDirectory && at === path.length);
}
