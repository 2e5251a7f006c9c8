import { SluiceError, type ErrorPlace, type ErrorReason, type JsonObject } from '@sluice/core';
import { printYaml } from '@sluice/yaml';
import { lineOfField } from '../kustomization/decode.js';
import { KUSTOMIZATION_FILES, readKustomization, type Kustomization } from '../kustomization/kustomization.js';
import type { Loader } from './loader.js';

/** The kustomization of the directory that is built, given the content of its file if there is one. */
export type RootKustomization = (existing: Uint8Array | undefined) => Uint8Array | JsonObject;

/** How the kustomization of the built directory is read. */
export interface RootSettings {
  readonly provide?: RootKustomization;
  readonly isLenient?: boolean;
}

/** A kustomization and the file that it stands in. */
export class KustomizationFile {
  readonly content: Kustomization & { readonly kind: string };
  readonly warnings: readonly string[];
  readonly name: string;
  /** The path of the file in the tree. */
  readonly path: string;
  /** As it stands in the file: what is made of it when a root is provided has other lines. */
  readonly #written: Uint8Array;

  private constructor(loader: Loader, name: string, text: Uint8Array, written: Uint8Array, isLenient: boolean) {
    this.name = name;
    this.path = loader.resolve(name);
    this.#written = written;
    const { kustomization, warnings } = readKustomization(text, this.path, { directory: loader.name, isLenient });
    this.content = kustomization;
    this.warnings = warnings;
  }

  /** Reads the kustomization of a directory. Throws if it has none, or several. */
  static read(loader: Loader, root: RootSettings = {}): KustomizationFile {
    const names = KUSTOMIZATION_FILES.filter((name) => loader.mayLoad(name));
    const place = { file: loader.directory };
    if (names.length > 1) {
      throw new SluiceError('KustomizationInvalid', `Found multiple kustomization files under: ${loader.name}\n`, { place });
    }
    const [name] = names;
    if (name === undefined && root.provide === undefined) {
      const [first, second, third] = KUSTOMIZATION_FILES;
      throw new SluiceError('FileNotFound', `unable to find one of '${first}', '${second}' or '${third}' in directory '${loader.name}'`, {
        place,
      });
    }
    const existing = name === undefined ? undefined : loader.load(name);
    const content = root.provide === undefined ? existing! : asBytes(root.provide(existing));
    return new KustomizationFile(loader, name ?? KUSTOMIZATION_FILES[0], content, existing ?? content, root.isLenient === true);
  }

  /** Where a field stands: `['patches', '2']`. */
  place(...field: string[]): ErrorPlace {
    const line = field.length === 0 ? undefined : lineOfField(new TextDecoder().decode(this.#written), field);
    return line === undefined ? { file: this.path } : { file: this.path, line };
  }

  /** Runs what a field asks for. Errors that don't know a better place come from that field. */
  at<T>(field: readonly string[], run: () => T): T {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof SluiceError) || isPlaced(error)) throw error;
      throw new SluiceError(error.reason, error.message, { cause: error, place: this.place(...field) });
    }
  }
}

/** What is missing, or not allowed, is to be corrected where it is named. */
const namedElsewhere: ReadonlySet<ErrorReason> = new Set(['FileNotFound', 'PathEscapes', 'BaseCycle', 'BuildRefused']);

function isPlaced({ reason, place }: SluiceError): boolean {
  return place.line !== undefined || (place.file !== undefined && !namedElsewhere.has(reason));
}

function asBytes(content: Uint8Array | JsonObject): Uint8Array {
  return content instanceof Uint8Array ? content : new TextEncoder().encode(printYaml(content));
}
