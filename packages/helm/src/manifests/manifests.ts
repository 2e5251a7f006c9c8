import { SluiceError, baseName } from '@sluice/core';
import { compareBytes } from '@sluice/gotemplate';
import { YamlError, parseYaml } from '@sluice/yaml';
import { Fields } from '../chart/metadata.js';
import type { HelmVersion } from '../version.js';
import { sortByKind, type KindOrder } from './kind-order.js';
import { splitManifests, trimSpace } from './split.js';

/** A rendered document that is applied. */
export interface Manifest {
  /** The template that it comes from. */
  readonly path: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly content: string;
}

export type HookEvent =
  | 'pre-install'
  | 'post-install'
  | 'pre-delete'
  | 'post-delete'
  | 'pre-upgrade'
  | 'post-upgrade'
  | 'pre-rollback'
  | 'post-rollback'
  | 'test';

/** A rendered document that is applied when something happens to the release. */
export interface Hook {
  readonly path: string;
  readonly kind: string;
  readonly name: string;
  readonly content: string;
  readonly events: readonly HookEvent[];
  readonly weight: number;
  /** `before-hook-creation`, `hook-succeeded`, `hook-failed`; whatever the annotation says. */
  readonly deletePolicies: readonly string[];
  readonly outputLogPolicies: readonly string[];
}

const EVENTS: ReadonlyMap<string, HookEvent> = new Map([
  ...(
    [
      'pre-install',
      'post-install',
      'pre-delete',
      'post-delete',
      'pre-upgrade',
      'post-upgrade',
      'pre-rollback',
      'post-rollback',
      'test',
    ] as const
  ).map((event): [string, HookEvent] => [event, event]),
  ['test-success', 'test'],
]);

export interface SortedManifests {
  readonly manifests: readonly Manifest[];
  readonly hooks: readonly Hook[];
}

/**
 * Cuts rendered files into documents, tells hooks from the others, and sorts both by kind. Files are taken by path,
 * partials (`_name`) and empty ones left out. A document with a hook that nobody knows is dropped, as Helm does.
 */
export function sortManifests(files: ReadonlyMap<string, string>, order: KindOrder, helm: HelmVersion): SortedManifests {
  const manifests: Manifest[] = [];
  const hooks: Hook[] = [];
  for (const path of [...files.keys()].sort(compareBytes)) {
    const text = files.get(path) ?? '';
    if (baseName(path).startsWith('_') || trimSpace(text) === '') continue;
    for (const content of splitManifests(text, helm)) {
      const { apiVersion, kind, name, annotations } = readHead(content, path, helm);
      const events = annotations === undefined || !Object.hasOwn(annotations, 'helm.sh/hook') ? undefined : annotations['helm.sh/hook'];
      if (annotations === undefined || events === undefined) {
        manifests.push({ path, apiVersion, kind, name, content });
        continue;
      }
      const known = words(events).map((event) => EVENTS.get(event));
      if (known.includes(undefined)) continue;
      hooks.push({
        path,
        kind,
        name,
        content,
        events: known.filter((event) => event !== undefined),
        weight: weightOf(annotations['helm.sh/hook-weight']),
        deletePolicies: words(annotations['helm.sh/hook-delete-policy']),
        outputLogPolicies: words(annotations['helm.sh/hook-output-log-policy']),
      });
    }
  }
  return { manifests: sortByKind(manifests, order, helm), hooks: sortByKind(hooks, order, helm) };
}

/** The hooks of an event in the order in which they run: by weight, then by name. */
export function hooksOf(hooks: readonly Hook[], event: HookEvent): Hook[] {
  return hooks
    .filter(({ events }) => events.includes(event))
    .sort((a, b) => a.weight - b.weight || (a.name === b.name ? 0 : compareBytes(a.name, b.name)));
}

interface Head {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

function readHead(content: string, path: string, helm: HelmVersion): Head {
  try {
    const fields = new Fields(parseYaml(content, { integers: 'float64' }), helm === 3 ? 'releaseutil.SimpleHead' : 'util.SimpleHead');
    const metadata = fields.fields('metadata', 'struct');
    return {
      apiVersion: fields.text('apiVersion'),
      kind: fields.text('kind'),
      name: metadata?.text('name') ?? '',
      annotations: metadata?.textMap('annotations'),
    };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    const text = error instanceof YamlError ? `error converting YAML to JSON: ${error.text}` : error.message;
    throw new SluiceError('RenderFailed', `YAML parse error on ${path}: ${text}`, { place: { ...error.place, file: path }, cause: error });
  }
}

function words(annotation: string | undefined): string[] {
  return annotation === undefined ? [] : annotation.split(',').map((word) => trimSpace(word).toLowerCase());
}

function weightOf(annotation: string | undefined): number {
  const weight = annotation !== undefined && /^[+-]?[0-9]+$/.test(annotation) ? Number(annotation) : 0;
  return Number.isSafeInteger(weight) ? weight : 0;
}
