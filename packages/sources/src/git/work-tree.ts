import { lstat, mkdir, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SluiceError } from '@sluice/core';
import { withAccess } from './access.js';
import { runGit, type GitConfig, type GitResult } from './command.js';
import type { GitCredentials } from './credentials.js';
import { gitFailure } from './failure.js';
import { listRefs } from './listing.js';
import { pushFailure } from './push-failure.js';
import { parseGitUrl, quoted } from './url.js';

export interface WorkTreeOptions {
  readonly url: string;
  readonly branch: string;
  readonly credentials?: GitCredentials;
  /** An empty directory that is the work tree's alone; made when it is not there. */
  readonly directory: string;
  /** Where keys are written for the time of one command, and files without secrets are kept; not within the work tree. */
  readonly scratchDir: string;
  readonly allowFile?: boolean;
  /** The limit of each Git operation. Default: 60 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Makes the signature of a commit, armored, from what the commit says. */
export type CommitSigner = (commit: Buffer) => Promise<string>;

export interface NewCommit {
  readonly message: string;
  readonly author: { readonly name: string; readonly email: string };
  /** By their paths from the root. */
  readonly files: ReadonlyMap<string, string>;
  readonly sign?: CommitSigner;
}

/** A branch of a repository, checked out, to be changed and pushed. */
export interface GitWorkTree {
  readonly directory: string;
  /** The commit that is checked out; undefined in a repository without commits. */
  readonly head: string | undefined;
  /** Writes files and commits them. Undefined when they are as they should be already. */
  commit(commit: NewCommit): Promise<string | undefined>;
  /** Moves the branch on the server to {@link head}. Throws `GitPushOutdated` when it has gone on meanwhile. */
  push(): Promise<void>;
}

const defaultTimeoutMs = 60_000;

/**
 * Checks a branch out, with the last commit of its history. A repository without commits gives an empty work tree, whose first
 * commit makes the branch.
 */
export async function openWorkTree(options: WorkTreeOptions): Promise<GitWorkTree> {
  const { branch, credentials = {}, directory, scratchDir, timeoutMs = defaultTimeoutMs, signal } = options;
  const url = parseGitUrl(options.url, { allowFile: options.allowFile === true });
  if (branch === '' || /^[-/]|[\s~^:?*[\\]|\.\.|\/$|\.lock$|@\{/.test(branch))
    throw new SluiceError('GitReferenceInvalid', `${JSON.stringify(branch)} is no name of a branch`);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await mkdir(scratchDir, { recursive: true, mode: 0o700 });
  const limits = { timeoutMs, signal };
  const reach = <T>(use: Parameters<typeof withAccess<T>>[3]): Promise<T> =>
    withAccess(url, credentials, { keysDir: join(scratchDir, 'keys'), cacheDir: scratchDir }, use);
  const local = (args: readonly string[], config: GitConfig = [], env: Readonly<Record<string, string>> = {}): Promise<GitResult> =>
    runGit({ args: ['-C', directory, ...args], config, env, ...limits });

  const ref = `refs/heads/${branch}`;
  const refs = await reach((access) => listRefs(url, 'heads-and-tags', access, limits));
  if (refs.size > 0 && !refs.has(ref)) {
    const others = [...refs.keys()].filter((name) => name.startsWith('refs/heads/')).map((name) => name.slice('refs/heads/'.length));
    throw new SluiceError(
      'GitReferenceMissing',
      `the branch ${JSON.stringify(branch)} is not in ${quoted(options.url)}: it has ${others.slice(0, 10).join(', ') || 'no branch'}; make the branch, or name another`,
    );
  }
  if (refs.size === 0) {
    await checked(local(['init', '--quiet', `--initial-branch=${branch}`]), 'prepare a work tree');
  } else {
    const args = ['clone', '--quiet', '--depth=1', '--no-tags', '--single-branch', `--branch=${branch}`, '--', url.address, directory];
    const { code, stderr } = await reach((access) => runGit({ args, ...access, ...limits }));
    if (code !== 0) throw gitFailure('unable to clone', options.url, stderr);
  }
  let head = await headOf();

  async function headOf(): Promise<string | undefined> {
    const { code, stdout } = await local(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']);
    return code === 0 ? stdout.toString('latin1').trim() : undefined;
  }

  return {
    directory,
    get head() {
      return head;
    },
    async commit({ message, author, files, sign }) {
      for (const [path, content] of files) await writeInside(directory, path, content);
      await checked(local(['add', '--force', '--', ...files.keys()]), 'add files');
      const changed = await local(['diff', '--cached', '--quiet', ...(head === undefined ? [] : ['HEAD'])]);
      if (head !== undefined && changed.code === 0) return undefined;
      const env = {
        GIT_AUTHOR_NAME: author.name,
        GIT_AUTHOR_EMAIL: author.email,
        GIT_COMMITTER_NAME: author.name,
        GIT_COMMITTER_EMAIL: author.email,
      };
      await checked(local(['commit', '--quiet', '--no-verify', '--no-gpg-sign', `--message=${message}`], [], env), 'commit');
      head = await headOf();
      if (sign !== undefined) await signHead(sign);
      return head;
    },
    async push() {
      const args = ['-C', directory, 'push', '--porcelain', '--', url.address, `HEAD:${ref}`];
      const { code, stdout, stderr } = await reach((access) => runGit({ args, ...access, ...limits }));
      if (code !== 0) throw pushFailure(options.url, branch, `${stdout.toString('utf8')}\n${stderr}`);
    },
  };

  /** Puts a signature into the commit that was made last, which thereby becomes another. */
  async function signHead(sign: CommitSigner): Promise<void> {
    const { stdout } = await checked(local(['cat-file', 'commit', 'HEAD']), 'read a commit');
    const signature = (await sign(stdout)).trim().replaceAll('\n', '\n ');
    const end = stdout.indexOf('\n\n');
    const signed = Buffer.concat([stdout.subarray(0, end), Buffer.from(`\ngpgsig ${signature}`), stdout.subarray(end)]);
    const file = join(scratchDir, 'commit');
    await writeFile(file, signed, { mode: 0o600 });
    const object = (await checked(local(['hash-object', '-t', 'commit', '-w', '--', file]), 'write a commit')).stdout
      .toString('latin1')
      .trim();
    await checked(local(['update-ref', 'HEAD', object]), 'sign a commit');
    head = await headOf();
  }
}

async function checked(result: Promise<GitResult>, what: string): Promise<GitResult> {
  const answer = await result;
  if (answer.code !== 0) throw new SluiceError('GitFailed', `unable to ${what}: ${answer.stderr.trim().split('\n').at(-1) ?? ''}`);
  return answer;
}

/** Writes a file of a work tree. No link in the repository leads the writing elsewhere. */
async function writeInside(root: string, path: string, content: string): Promise<void> {
  const target = join(root, path);
  await mkdir(dirname(target), { recursive: true }).catch((error: unknown) => {
    throw new SluiceError('GitTreeUnsafe', `${path} can't be written: a file is in the way of its directory`, { cause: error });
  });
  const isInside = (await realpath(dirname(target))) === join(await realpath(root), dirname(path));
  const existing = await lstat(target).catch(() => undefined);
  if (!isInside || existing?.isSymbolicLink() === true)
    throw new SluiceError('GitTreeUnsafe', `${path} can't be written: it is, or lies behind, a symbolic link`);
  if (existing?.isDirectory() === true) throw new SluiceError('GitTreeUnsafe', `${path} can't be written: it is a directory`);
  await writeFile(target, content);
}
