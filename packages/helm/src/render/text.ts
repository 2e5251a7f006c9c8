import { trimSpace } from '../manifests/split.js';
import type { Rendering } from './render.js';

export interface TextOptions {
  readonly includeCrds?: boolean;
  readonly noHooks?: boolean;
  readonly skipTests?: boolean;
}

/** The manifests of a release as Helm stores them: each with the template that it comes from. */
export function releaseManifest({ manifests, crds }: Pick<Rendering, 'manifests' | 'crds'>, { includeCrds }: TextOptions = {}): string {
  const decoder = new TextDecoder();
  const documents = [
    ...(includeCrds === true ? crds.map(({ path, data }) => ({ path, content: decoder.decode(data) })) : []),
    ...manifests,
  ];
  return documents.map(documentText).join('');
}

/** What `helm template` prints. */
export function templateText(rendering: Rendering, options: TextOptions = {}): string {
  const hooks = options.noHooks === true ? [] : rendering.hooks;
  const shown = options.skipTests === true ? hooks.filter(({ events }) => !events.includes('test')) : hooks;
  return `${trimSpace(releaseManifest(rendering, options))}\n${shown.map(documentText).join('')}`;
}

function documentText({ path, content }: { readonly path: string; readonly content: string }): string {
  return `---\n# Source: ${path}\n${content}\n`;
}
