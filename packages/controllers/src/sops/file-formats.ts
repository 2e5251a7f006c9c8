import { baseName, dirName, isJsonObject, joinPath, type Json } from '@sluice/core';
import { formatOfPath, looksEncrypted, type SopsFormat } from '@sluice/sops';
import { parseYaml } from '@sluice/yaml';

const KUSTOMIZATION_FILES = new Set(['kustomization.yaml', 'kustomization.yml', 'Kustomization']);

/** What a kustomization says about files that its generators read. */
export class GeneratorFiles {
  /** The format that a file has for the entry it becomes. */
  readonly formats = new Map<string, SopsFormat>();
  /** Files that become entries of ConfigMaps, where nothing secret belongs: they stay encrypted. */
  readonly public = new Set<string>();

  /** Takes note of a file that may be a kustomization. */
  note(path: string, bytes: Uint8Array): void {
    if (!KUSTOMIZATION_FILES.has(baseName(path))) return;
    const content = parsed(bytes);
    if (!isJsonObject(content)) return;
    const directory = dirName(path);
    for (const { file, format } of generatorFiles(content['secretGenerator'])) this.formats.set(joinPath(directory, file), format);
    for (const { file } of generatorFiles(content['configMapGenerator'])) this.public.add(joinPath(directory, file));
  }
}

function parsed(bytes: Uint8Array): Json {
  try {
    return parseYaml(Buffer.from(bytes).toString('utf8'));
  } catch {
    // The build says what is wrong with it.
    return null;
  }
}

function* generatorFiles(generators: unknown): Generator<{ file: string; format: SopsFormat }> {
  for (const generator of Array.isArray(generators) ? generators : []) {
    if (!isJsonObject(generator)) continue;
    for (const source of texts(generator['files'])) {
      const equals = source.indexOf('=');
      const key = equals < 0 ? source : source.slice(0, equals);
      yield { file: source.slice(equals + 1), format: formatOfPath(key) };
    }
    for (const file of [...texts(generator['envs']), ...texts([generator['env']])]) {
      const format = formatOfPath(file);
      yield { file, format: format === 'binary' ? 'dotenv' : format };
    }
  }
}

function texts(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : [];
}

/** The format in which a file is encrypted: as wanted where it fits, or else as its content shows; undefined where it is not encrypted. */
export function encryptedFormat(bytes: Uint8Array, wanted: SopsFormat): SopsFormat | undefined {
  const formats: readonly SopsFormat[] = [wanted, 'yaml', 'dotenv', 'ini', 'json'];
  return formats.find((format) => looksEncrypted(bytes, format));
}
