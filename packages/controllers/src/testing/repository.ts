import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deflateSync } from 'node:zlib';

export interface Commit {
  readonly files?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
  readonly message?: string;
  readonly tag?: string;
}

type Directory = Map<string, Directory | string>;

/**
 * A bare repository with one branch, written here: git takes a dozen processes for a commit and its push, and the tests
 * make hundreds.
 */
export class Repository {
  readonly #path: string;
  readonly #files: Directory = new Map();
  #head: string | undefined;

  constructor(path: string) {
    this.#path = path;
    mkdirSync(join(path, 'objects'), { recursive: true });
    mkdirSync(join(path, 'refs', 'heads'), { recursive: true });
    this.#write('config', '[core]\n\trepositoryformatversion = 0\n\tbare = true\n');
    this.#write('HEAD', 'ref: refs/heads/main\n');
  }

  /** Returns the commit's hash. */
  commit({ files = {}, remove = [], message = 'change', tag }: Commit): string {
    for (const [path, content] of Object.entries(files)) put(this.#files, path.split('/'), content);
    for (const path of remove) put(this.#files, path.split('/'), undefined);
    const who = `test <test@example.com> ${Math.floor(Date.now() / 1000)} +0000`;
    const parent = this.#head === undefined ? '' : `parent ${this.#head}\n`;
    const tree = this.#tree(this.#files);
    this.#head = this.#object('commit', `tree ${tree}\n${parent}author ${who}\ncommitter ${who}\n\n${message}\n`);
    this.#write('refs/heads/main', `${this.#head}\n`);
    if (tag !== undefined) this.#write(`refs/tags/${tag}`, `${this.#head}\n`);
    return this.#head;
  }

  #tree(directory: Directory): string {
    // git sorts directories as if their names ended with a slash.
    const entries = [...directory].map(([name, entry]) => ({ name, entry, order: typeof entry === 'string' ? name : `${name}/` }));
    entries.sort((a, b) => Buffer.compare(Buffer.from(a.order), Buffer.from(b.order)));
    const parts = entries.flatMap(({ name, entry }) => {
      const isFile = typeof entry === 'string';
      const hash = isFile ? this.#object('blob', entry) : this.#tree(entry);
      return [Buffer.from(`${isFile ? '100644' : '40000'} ${name}\0`), Buffer.from(hash, 'hex')];
    });
    return this.#object('tree', Buffer.concat(parts));
  }

  #object(type: string, content: string | Buffer): string {
    const bytes = Buffer.from(content as string);
    const whole = Buffer.concat([Buffer.from(`${type} ${bytes.length}\0`), bytes]);
    const hash = createHash('sha1').update(whole).digest('hex');
    const path = `objects/${hash.slice(0, 2)}/${hash.slice(2)}`;
    if (!existsSync(join(this.#path, path))) this.#write(path, deflateSync(whole));
    return hash;
  }

  /** Whole or not at all: a server may read at any moment. */
  #write(path: string, content: string | Uint8Array): void {
    const file = join(this.#path, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, content);
    renameSync(`${file}.new`, file);
  }
}

/** Directories that become empty are gone, as in git. */
function put(directory: Directory, [name = '', ...rest]: readonly string[], content: string | undefined): void {
  if (rest.length === 0) {
    if (content === undefined) directory.delete(name);
    else directory.set(name, content);
    return;
  }
  let next = directory.get(name);
  if (next === undefined || typeof next === 'string') directory.set(name, (next = new Map<string, Directory | string>()));
  put(next, rest, content);
  if (next.size === 0) directory.delete(name);
}
