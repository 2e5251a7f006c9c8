/**
 * A directory of the repository as people write it, `clusters/prod`, `./clusters/prod/`, `/clusters/prod`, as `./clusters/prod`; `./` for the
 * root. It never leads out of the repository.
 */
export function relativePath(typed: string): string {
  const kept: string[] = [];
  for (const part of typed.trim().replaceAll('\\', '/').split('/')) {
    if (part === '..') kept.pop();
    else if (part !== '' && part !== '.') kept.push(part);
  }
  return `./${kept.join('/')}`;
}
