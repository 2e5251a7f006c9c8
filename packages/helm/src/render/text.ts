import type { Hook } from '../manifests/manifests.js';
import { trimSpace } from '../manifests/split.js';
import type { Rendering } from './render.js';

export interface TextOptions {
  readonly includeCrds?: boolean;
  readonly noHooks?: boolean;
  readonly skipTests?: boolean;
}

/** The manifests of a release as Helm stores them: each with the template that it comes from. */
export function releaseManifest(rendering: Pick<Rendering, 'manifests' | 'crds'>, options: TextOptions = {}): string {
  return manifestDocuments(rendering, options).map(documentText).join('');
}

interface Document {
  readonly path: string;
  readonly content: string;
}

function manifestDocuments({ manifests, crds }: Pick<Rendering, 'manifests' | 'crds'>, { includeCrds }: TextOptions): Document[] {
  const decoder = new TextDecoder();
  return [...(includeCrds === true ? crds.map(({ path, data }) => ({ path, content: decoder.decode(data) })) : []), ...manifests];
}

/** What `helm template` prints. */
export function templateText(rendering: Rendering, options: TextOptions = {}): string {
  return `${trimSpace(releaseManifest(rendering, options))}\n${shownHooks(rendering, options).map(documentText).join('')}`;
}

/** What `helm template --output-dir` writes: the text of each document, with the file that it goes into. */
export function templateDocuments(rendering: Rendering, options: TextOptions = {}): { readonly path: string; readonly text: string }[] {
  return [...manifestDocuments(rendering, options), ...shownHooks(rendering, options)].map((document) => ({
    path: document.path,
    text: documentText(document),
  }));
}

function shownHooks({ hooks }: Rendering, { noHooks, skipTests }: TextOptions): readonly Hook[] {
  if (noHooks === true) return [];
  return skipTests === true ? hooks.filter(({ events }) => !events.includes('test')) : hooks;
}

function documentText({ path, content }: Document): string {
  return `---\n# Source: ${path}\n${content}\n`;
}
