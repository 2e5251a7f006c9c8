import { SluiceError } from '@sluice/core';
import type { SourceEntry, SourceTree } from '../artifact/source-tree.js';
import { runGit, startGit, stop } from './command.js';
import type { LfsPointer } from './lfs/pointer.js';

/** A file of a commit, its content named by the hash of its blob. */
export interface GitEntry extends SourceEntry {
  readonly contentId: string;
  /** The bare repository the blob is in. */
  readonly mirror: string;
  /** Where the content is that the blob only stands for. */
  readonly large?: LargeContent;
  readonly pointer?: LfsPointer;
}

/** Contents that are not in the repository itself. */
export interface LargeContent {
  /** Brings here what is missing. */
  bring(files: readonly { readonly path: string; readonly pointer: LfsPointer }[]): Promise<void>;
  read(pointer: LfsPointer): AsyncIterable<Uint8Array>;
}

/** A place where another repository belongs, and which commit of it. */
export interface GitLink {
  readonly path: string;
  readonly commit: string;
}

export interface TreeLimits {
  readonly maxFiles: number;
  readonly maxFileBytes: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Lists the files of a commit. Symbolic links are left out, as Flux does; a name that is unsafe anywhere is an error. */
export async function listTree(mirror: string, commit: string, limits: TreeLimits): Promise<{ files: GitEntry[]; links: GitLink[] }> {
  const { code, stdout, stderr } = await runGit({
    args: [`--git-dir=${mirror}`, 'ls-tree', '-r', '-z', '-l', '--full-tree', '--end-of-options', commit],
    timeoutMs: limits.timeoutMs,
    signal: limits.signal,
    maxOutputBytes: 512 * limits.maxFiles,
  });
  if (code !== 0) throw new SluiceError('GitFailed', `unable to list the files of commit ${commit}: ${stderr.trim()}`);
  const files: GitEntry[] = [];
  const links: GitLink[] = [];
  for (const record of stdout.toString('utf8').split('\0')) {
    if (record === '') continue;
    const tab = record.indexOf('\t');
    const [mode = '', , hash = '', length = '0'] = record.slice(0, tab).split(/ +/);
    const path = record.slice(tab + 1);
    checkTreePath(path);
    if (mode === '160000') links.push({ path, commit: hash });
    else if (mode === '100644' || mode === '100755' || mode === '100664') {
      const size = Number(length);
      if (size > limits.maxFileBytes) {
        throw new SluiceError('GitTooLarge', `${path} has ${size} bytes, the limit for a file is ${limits.maxFileBytes}`, {
          place: { file: path },
        });
      }
      files.push({ path, type: 'file', executable: mode === '100755', size, contentId: hash, mirror });
    } else if (mode !== '120000') {
      throw new SluiceError('GitTreeUnsafe', `${path} has the mode ${mode}, which is neither a file nor a link`, { place: { file: path } });
    }
    if (files.length > limits.maxFiles) throw new SluiceError('GitTooLarge', `the commit has more than ${limits.maxFiles} files`);
  }
  return { files, links };
}

/**
 * Refuses names that mean something else to a file system or to Git: `.git` in any spelling that some file system takes
 * for it, `..`, NUL. A tree is never laid out under its own names here, but an artifact may be unpacked anywhere.
 */
export function checkTreePath(path: string): void {
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.' || segment === '..' || segment.includes('\0') || looksLikeDotGit(segment)) {
      throw new SluiceError('GitTreeUnsafe', `the tree is unsafe: it holds the path ${JSON.stringify(path)}`);
    }
  }
}

function looksLikeDotGit(segment: string): boolean {
  if (segment.length < 4) return false;
  // HFS+ ignores these characters; NTFS ignores trailing dots and blanks, has short names, and streams after a colon.
  const plain = segment
    .replaceAll(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g, '')
    .replace(/[:\\].*$/s, '')
    .replace(/[. ]+$/, '')
    .toLowerCase();
  return plain === '.git' || plain === 'git~1';
}

/** The bytes of some blobs, one after another, from one process. */
export async function* readBlobs(mirror: string, files: readonly GitEntry[], limits: TreeLimits): AsyncGenerator<Uint8Array> {
  if (files.length === 0) return;
  const { child, ended } = startGit({
    args: [`--git-dir=${mirror}`, 'cat-file', '--batch', '--buffer'],
    timeoutMs: limits.timeoutMs,
    signal: limits.signal,
  });
  child.stdin?.end(files.map((file) => `${file.contentId}\n`).join(''));
  try {
    yield* splitBatch((child.stdout as AsyncIterable<Buffer> | null) ?? [], files);
    const { code, stderr } = await ended;
    if (code !== 0) throw new SluiceError('GitFailed', `unable to read files of the repository: ${stderr.trim()}`);
  } catch (error) {
    stop(child);
    // A process that was stopped for its time or size says so itself; what was cut off only follows from that.
    await ended;
    throw error;
  } finally {
    stop(child);
  }
}

/** Takes the contents out of what `cat-file --batch` prints: a line with hash, type and size, the bytes, a line feed. */
async function* splitBatch(output: AsyncIterable<Buffer> | Iterable<Buffer>, files: readonly GitEntry[]): AsyncGenerator<Uint8Array> {
  let index = 0;
  let header = '';
  /** Bytes of the current file that are still to come; the line feed after it is one more. Undefined between files. */
  let left: number | undefined;
  for await (const chunk of output) {
    let at = 0;
    while (at < chunk.length) {
      if (left === undefined) {
        const end = chunk.indexOf(10, at);
        header += chunk.toString('latin1', at, end < 0 ? undefined : end);
        at = end < 0 ? chunk.length : end + 1;
        if (end < 0) continue;
        const file = files[index];
        const [, type, size] = header.split(' ');
        if (file === undefined || type !== 'blob' || Number(size) !== file.size) {
          throw new SluiceError('GitFailed', `unable to read ${file?.path ?? 'a file'} of the repository: ${header.slice(0, 200)}`);
        }
        header = '';
        left = file.size + 1;
      } else {
        const end = Math.min(chunk.length, at + left);
        const isLast = end - at === left;
        const content = chunk.subarray(at, isLast ? end - 1 : end);
        left = isLast ? undefined : left - (end - at);
        if (isLast) index++;
        at = end;
        if (content.length > 0) yield content;
      }
    }
  }
  if (index !== files.length) throw new SluiceError('GitFailed', `unable to read ${files[index]?.path ?? 'a file'}: git ended before it`);
}

/** Files of one or several mirrors as a tree that an artifact is made from. */
export function gitSourceTree(entries: readonly GitEntry[], limits: TreeLimits): SourceTree<GitEntry> {
  return {
    entries,
    async *contents(wanted) {
      await bringLarge(wanted);
      let start = 0;
      while (start < wanted.length) {
        const { mirror = '', large, pointer } = wanted[start] ?? {};
        if (large !== undefined && pointer !== undefined) {
          yield* large.read(pointer);
          start++;
          continue;
        }
        let end = start + 1;
        while (end < wanted.length && wanted[end]?.mirror === mirror && wanted[end]?.large === undefined) end++;
        yield* readBlobs(mirror, wanted.slice(start, end), limits);
        start = end;
      }
    },
  };
}

async function bringLarge(wanted: readonly GitEntry[]): Promise<void> {
  const groups = new Map<LargeContent, { path: string; pointer: LfsPointer }[]>();
  for (const { path, large, pointer } of wanted) {
    if (large === undefined || pointer === undefined) continue;
    const group = groups.get(large);
    if (group === undefined) groups.set(large, [{ path, pointer }]);
    else group.push({ path, pointer });
  }
  for (const [large, files] of groups) await large.bring(files);
}
