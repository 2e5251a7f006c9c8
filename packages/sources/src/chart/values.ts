import { SluiceError, errorMessage } from '@sluice/core';
import { mergeValues, parseValues, type ChartFile, type Values } from '@sluice/helm';
import { printYaml } from '@sluice/yaml';

export interface MergedValues {
  readonly values: Values;
  /** The files that were there. */
  readonly files: readonly string[];
}

/** Merges values files in their order. `read` gives the content of a file, or the values of one; undefined when it is not there. */
export function mergeValuesFiles(
  paths: readonly string[],
  read: (path: string) => Uint8Array | Values | undefined,
  { ignoreMissing, missing }: { readonly ignoreMissing: boolean; readonly missing: (path: string) => string },
): MergedValues {
  let values: Values = {};
  const files: string[] = [];
  for (const path of paths) {
    const found = read(path);
    if (found === undefined) {
      if (ignoreMissing) continue;
      throw new SluiceError('FileNotFound', missing(path), { place: { file: path } });
    }
    values = mergeValues(values, found instanceof Uint8Array ? parsed(path, found) : found);
    files.push(path);
  }
  return { values, files };
}

function parsed(path: string, content: Uint8Array): Values {
  try {
    // The first document counts, as with Flux.
    return parseValues(content, 3);
  } catch (error) {
    throw new SluiceError('ValuesInvalid', `unmarshaling values from '${path}' failed: ${errorMessage(error)}`, {
      place: { file: path },
      cause: error,
    });
  }
}

/** The chart's files with other default values; the very same list when they are equal. */
export function withDefaultValues(files: readonly ChartFile[], values: Values): readonly ChartFile[] {
  const data = Buffer.from(Object.keys(values).length === 0 ? '' : printYaml(values));
  const existing = files.find(({ name }) => name === valuesFileName);
  if (existing === undefined) throw new SluiceError('ChartInvalid', `failed to locate values file: ${valuesFileName}`);
  if (data.equals(existing.data)) return files;
  return files.map((file) => (file === existing ? { name: valuesFileName, data } : file));
}

export const valuesFileName = 'values.yaml';
