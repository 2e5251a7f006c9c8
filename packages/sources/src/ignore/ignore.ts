import { parsePattern, type IgnorePattern } from './pattern.js';

/** The file in any directory of a source whose patterns leave files out of its artifact. */
export const ignoreFileName = '.sourceignore';

const versionControl = ['.git/', '.gitignore', '.gitmodules', '.gitattributes'];
const fileTypes = ['*.jpg', '*.jpeg', '*.gif', '*.png', '*.wmv', '*.flv', '*.tar.gz', '*.zip'];
const continuousIntegration = [
  '.github/',
  '.circleci/',
  '.travis.yml',
  '.gitlab-ci.yml',
  'appveyor.yml',
  '.drone.yml',
  'cloudbuild.yaml',
  'codeship-services.yml',
  'codeship-steps.yml',
];
const others = ['**/.goreleaser.yml', '**/.sops.yaml', '**/.flux.yaml'];

/** Whether a path is left out. */
export type IgnoreMatcher = (path: readonly string[], isDirectory: boolean) => boolean;

/** The patterns of a text: one in each line; lines that start with # are comments. */
export function parsePatterns(text: string, domain: readonly string[] = []): IgnorePattern[] {
  return text
    .split('\n')
    .map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
    .filter((line) => !line.startsWith('#') && line.trim() !== '')
    .map((line) => parsePattern(line, domain));
}

/** The last pattern that says something about a path decides. */
export function ignoreMatcher(patterns: readonly IgnorePattern[]): IgnoreMatcher {
  return (path, isDirectory) => {
    for (let index = patterns.length - 1; index >= 0; index--) {
      const verdict = patterns[index]?.match(path, isDirectory);
      if (verdict !== undefined && verdict !== 'none') return verdict === 'exclude';
    }
    return false;
  };
}

/** The exclusions of version control, then the given patterns. */
export function versionControlMatcher(patterns: readonly IgnorePattern[], domain: readonly string[] = []): IgnoreMatcher {
  return ignoreMatcher([...versionControl.map((line) => parsePattern(line, domain)), ...patterns]);
}

/** All default exclusions, then the given patterns. */
export function defaultMatcher(patterns: readonly IgnorePattern[], domain: readonly string[] = []): IgnoreMatcher {
  const defaults = [...fileTypes, ...continuousIntegration, ...others].map((line) => parsePattern(line, domain));
  return versionControlMatcher([...defaults, ...patterns], domain);
}

/** What is left out of an artifact: as soon as there is a pattern, only the version control group of the defaults stays. */
export function sourceMatcher(patterns: readonly IgnorePattern[]): IgnoreMatcher {
  return patterns.length > 0 ? versionControlMatcher(patterns) : defaultMatcher(patterns);
}
