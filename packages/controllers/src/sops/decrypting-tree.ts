import { createHash } from 'node:crypto';
import { errorMessage, normalizePath, SluiceError, type FileTree } from '@sluice/core';
import { decrypt, formatOfPath, type KeySource } from '@sluice/sops';
import { encryptedFormat, GeneratorFiles } from './file-formats.js';

/** A file whose content may not be what was encrypted. */
export interface Unverified {
  readonly file: string;
  readonly why: string;
}

interface Plain {
  readonly bytes: Uint8Array;
  readonly unverified?: string | undefined;
}

/** How much is decrypted at a time. */
const AT_A_TIME = 16;

/**
 * Lets something read a tree as if no file in it were encrypted. Files are decrypted as they lie there, so that their MACs
 * can be checked. Reading is synchronous and decryption is not: what asks for encrypted files runs again when they are
 * decrypted. They are remembered until the next run that needs others.
 */
export class DecryptingTree {
  readonly #keys: readonly KeySource[];
  #plain = new Map<string, Plain>();

  constructor(keys: readonly KeySource[]) {
    this.#keys = keys;
  }

  async run<T>(tree: FileTree, read: (tree: FileTree) => T): Promise<{ result: T; unverified: readonly Unverified[] }> {
    for (;;) {
      const view = new View(tree, this.#plain);
      let result: { value: T } | undefined;
      try {
        result = { value: read(view) };
      } catch (error) {
        // What is encrypted may not be what a build can use.
        if (view.wanted.size === 0) throw error;
      }
      if (view.wanted.size === 0 && result !== undefined) {
        this.#plain = view.used;
        return { result: result.value, unverified: view.unverified() };
      }
      await this.#decryptAll([...view.wanted.values()]);
    }
  }

  async #decryptAll(files: readonly EncryptedFile[]): Promise<void> {
    for (let at = 0; at < files.length; at += AT_A_TIME) {
      await Promise.all(files.slice(at, at + AT_A_TIME).map((file) => this.#decrypt(file)));
    }
  }

  async #decrypt({ id, path, bytes, wanted, format }: EncryptedFile): Promise<void> {
    const options = { format, keys: this.#keys, mac: 'report', separateDocuments: true } as const;
    try {
      const { plaintext, unverified } = await decrypt(
        bytes,
        wanted === 'binary' && format === 'json' ? await unwrapped(bytes, options) : options,
      );
      this.#plain.set(id, { bytes: plaintext, unverified: unverified?.message });
    } catch (error) {
      if (error instanceof SluiceError && error.reason === 'SopsMetadataMissing') {
        // It is not the file that is encrypted but something in it, which is seen when it is built.
        this.#plain.set(id, { bytes });
        return;
      }
      const { place = {} } = error instanceof SluiceError ? error : {};
      throw new SluiceError(
        error instanceof SluiceError ? error.reason : 'SopsFileInvalid',
        `decryption of ${path} failed: ${errorMessage(error)}`,
        {
          place: { ...place, file: path },
          cause: error,
        },
      );
    }
  }
}

type DecryptArguments = Parameters<typeof decrypt>[1];

/** A file of no known kind that is encrypted as JSON was encrypted as a whole, unless it has more than its one entry. */
async function unwrapped(bytes: Uint8Array, options: DecryptArguments): Promise<DecryptArguments> {
  const { documents } = await decrypt(bytes, { ...options, mac: 'ignore' });
  const isWhole = documents[0]?.items.length === 1 && documents[0].get('data') !== undefined;
  return isWhole ? { ...options, format: 'binary' } : options;
}

type Format = ReturnType<typeof formatOfPath>;

interface EncryptedFile {
  readonly id: string;
  readonly path: string;
  readonly bytes: Uint8Array;
  /** The format that its name, or who reads it, asks for. */
  readonly wanted: Format;
  readonly format: Format;
}

class View implements FileTree {
  readonly wanted = new Map<string, EncryptedFile>();
  readonly used = new Map<string, Plain>();
  readonly #paths = new Map<string, string>();
  readonly #tree: FileTree;
  readonly #plain: ReadonlyMap<string, Plain>;
  readonly #generators = new GeneratorFiles();

  constructor(tree: FileTree, plain: ReadonlyMap<string, Plain>) {
    this.#tree = tree;
    this.#plain = plain;
  }

  stat(path: string): ReturnType<FileTree['stat']> {
    return this.#tree.stat(path);
  }

  list(path: string): ReturnType<FileTree['list']> {
    return this.#tree.list(path);
  }

  read(path: string): Uint8Array {
    const bytes = this.#tree.read(path);
    this.#generators.note(path, bytes);
    const file = this.#encrypted(normalizePath(path), bytes);
    if (file === undefined) return bytes;
    const plain = this.#plain.get(file.id);
    if (plain === undefined) {
      this.wanted.set(file.id, file);
      return bytes;
    }
    this.used.set(file.id, plain);
    this.#paths.set(file.id, path);
    return plain.bytes;
  }

  #encrypted(path: string, bytes: Uint8Array): EncryptedFile | undefined {
    const asked = this.#generators.formats.get(path);
    if (asked === undefined && this.#generators.public.has(path)) return undefined;
    const wanted = asked ?? formatOfPath(path);
    const format = encryptedFormat(bytes, wanted);
    if (format === undefined || isLeftEncrypted(bytes)) return undefined;
    const id = `${wanted} ${format} ${createHash('sha256').update(bytes).digest('base64')}`;
    return { id, path, bytes, wanted, format };
  }

  unverified(): Unverified[] {
    return [...this.used].flatMap(([id, { unverified }]) =>
      unverified === undefined ? [] : [{ file: this.#paths.get(id) ?? '', why: unverified }],
    );
  }
}

/** An object that asks to be applied as it lies there. */
function isLeftEncrypted(bytes: Uint8Array): boolean {
  return /kustomize\.toolkit\.fluxcd\.io\/decrypt["']?:\s*["']?disabled/i.test(Buffer.from(bytes).toString('latin1'));
}
