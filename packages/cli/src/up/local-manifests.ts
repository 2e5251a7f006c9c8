import { readFile } from 'node:fs/promises';
import { isJsonObject, type KubeObject } from '@sluice/core';
import { parseYamlDocuments } from '@sluice/yaml';

/** The objects of a file of manifests: what a cluster of this machine needs and Git does not hold, such as Secrets. */
export async function readLocalManifests(file: string): Promise<KubeObject[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Error(`--apply ${file} can't be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  });
  return parseYamlDocuments(text, { file }).flatMap(({ value }, index) => {
    if (value === null) return [];
    if (isObject(value)) return [value];
    throw new Error(`${file}: document ${index + 1} is no object of Kubernetes: it needs apiVersion, kind and metadata.name`);
  });
}

function isObject(value: unknown): value is KubeObject {
  if (!isJsonObject(value) || !isJsonObject(value['metadata'])) return false;
  return [value['apiVersion'], value['kind'], value['metadata']['name']].every((text) => typeof text === 'string' && text !== '');
}
