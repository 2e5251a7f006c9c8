import { SluiceError, isJsonObject, setOwn, type Json, type JsonObject } from '@sluice/core';
import { YamlError, parseYamlDocuments, printYaml } from '@sluice/yaml';
import { sortManifests } from '../manifests/manifests.js';
import type { HelmVersion } from '../version.js';
import type { Rendering } from './render.js';

/** Changes what a chart rendered: a stream of documents in, another one out. */
export interface PostRenderer {
  /** YAML in, YAML out; or the documents themselves, where nobody needs the text: in the order in which they come. */
  readonly run: ((manifests: string) => string) | { readonly documents: (documents: readonly JsonObject[]) => readonly JsonObject[] };
  /**
   * `combined` (default, as in Helm 4): hooks go through together with the others; `separate`: on their own, where the same
   * object may be in both; `nohooks` (as in Helm 3): they don't.
   */
  readonly strategy?: 'combined' | 'separate' | 'nohooks';
}

/** What a document carries through a post-renderer, so that it is known afterwards which template it comes from. */
const FILE_ANNOTATION = 'postrenderer.helm.sh/postrender-filename';

/** A rendering as a post-renderer changes it: for one that was made in a worker, where no post-renderer can go. */
export function postRender(rendering: Rendering, postRenderer: PostRenderer, helm: HelmVersion = 4): Rendering {
  const files = byPath([...rendering.manifests, ...rendering.hooks]);
  return { ...rendering, ...sortManifests(postRendered(files, postRenderer, helm), 'install', helm) };
}

/** Rendered files as a post-renderer changes them. */
export function postRendered(files: ReadonlyMap<string, string>, { run, strategy }: PostRenderer, helm: HelmVersion): Map<string, string> {
  const order = strategy ?? (helm === 3 ? 'nohooks' : 'combined');
  if (order === 'combined') return through(files, run, 'generated-by-postrender');
  const { hooks, manifests } = sortManifests(files, 'install', helm);
  const hookFiles = byPath(hooks);
  const result = through(byPath(manifests), run, 'generated-by-postrender-manifests');
  for (const [path, content] of order === 'separate' ? through(hookFiles, run, 'generated-by-postrender-hooks') : hookFiles) {
    append(result, path, content);
  }
  return result;
}

function byPath(documents: readonly { readonly path: string; readonly content: string }[]): Map<string, string> {
  const files = new Map<string, string>();
  for (const { path, content } of documents) append(files, path, content);
  return files;
}

function append(files: Map<string, string>, path: string, content: string): void {
  const before = files.get(path);
  files.set(path, before === undefined ? content : `${before}\n---\n${content}`);
}

function through(files: ReadonlyMap<string, string>, run: PostRenderer['run'], unnamed: string): Map<string, string> {
  const result = new Map<string, string>();
  if (files.size === 0) return result;
  const documents: Document[] = [];
  for (const path of [...files.keys()].sort()) {
    for (const document of documentsOf(files.get(path) ?? '', path)) documents.push(annotated(document, path));
  }
  let index = 0;
  for (const document of changed(documents, run)) {
    const { path, rest } = withoutAnnotation(document);
    append(result, path ?? `${unnamed}-${index++}.yaml`, printYaml(rest));
  }
  return result;
}

function changed(documents: readonly Document[], run: PostRenderer['run']): readonly Document[] {
  if (typeof run !== 'function') return run.documents(documents);
  const text = documents.map((document) => printYaml(document)).join('---\n');
  return documentsOf(run(text), 'the output of the post-renderer');
}

type Document = { [key: string]: Json };

function documentsOf(text: string, path: string): Document[] {
  let documents: readonly { readonly value: Json; readonly line: number }[];
  try {
    documents = parseYamlDocuments(text, { types: 'kyaml', file: path });
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new SluiceError('RenderFailed', `error while parsing ${path}: ${error.text}`, { place: error.place, cause: error });
  }
  return documents.flatMap(({ value, line }) => {
    if (value === null) return [];
    if (isJsonObject(value)) return [value];
    throw new SluiceError('RenderFailed', `error while parsing ${path}: a document is not an object`, { place: { file: path, line } });
  });
}

function annotated(document: Document, path: string): Document {
  const metadata = objectAt(document, 'metadata');
  const annotations = { ...objectAt(metadata, 'annotations'), [FILE_ANNOTATION]: path };
  return { ...document, metadata: { ...metadata, annotations } };
}

function withoutAnnotation(document: Document): { path: string | undefined; rest: Document } {
  const metadata = objectAt(document, 'metadata');
  const annotations = objectAt(metadata, 'annotations');
  const path = Object.hasOwn(annotations, FILE_ANNOTATION) ? annotations[FILE_ANNOTATION] : undefined;
  if (typeof path !== 'string') return { path: undefined, rest: document };
  const kept: Document = {};
  for (const key of Object.keys(annotations)) if (key !== FILE_ANNOTATION) setOwn(kept, key, annotations[key] ?? null);
  const { annotations: _, ...others } = metadata;
  return { path, rest: { ...document, metadata: Object.keys(kept).length === 0 ? others : { ...others, annotations: kept } } };
}

function objectAt(object: Document, key: string): Document {
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  return isJsonObject(value) ? value : {};
}
