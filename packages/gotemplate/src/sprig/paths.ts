import { goFunction } from '../exec/function.js';

/** path.Clean: the shortest path that means the same. */
function clean(path: string): string {
  if (path === '') return '.';
  const isRooted = path.startsWith('/');
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!isRooted) kept.push('..');
  }
  return (isRooted ? '/' : '') + kept.join('/') || '.';
}

function base(path: string): string {
  if (path === '') return '.';
  let end = path.length;
  while (path[end - 1] === '/') end--;
  return path.slice(path.lastIndexOf('/', end - 1) + 1, end) || '/';
}

function dir(path: string): string {
  return clean(path.slice(0, path.lastIndexOf('/') + 1));
}

function ext(path: string): string {
  return /\.[^./]*$/.exec(path)?.[0] ?? '';
}

const functions = {
  base: goFunction(['string'], 'string', base),
  clean: goFunction(['string'], 'string', clean),
  dir: goFunction(['string'], 'string', dir),
  ext: goFunction(['string'], 'string', ext),
  isAbs: goFunction(['string'], 'bool', (path) => path.startsWith('/')),
};

/** Charts render on Linux: the paths of files are those of `path`. */
export const paths = {
  ...functions,
  osBase: functions.base,
  osClean: functions.clean,
  osDir: functions.dir,
  osExt: functions.ext,
  osIsAbs: functions.isAbs,
};
