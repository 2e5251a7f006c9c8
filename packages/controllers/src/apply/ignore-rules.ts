import { groupOf, parseLabelSelector, versionOf, type KubeObject } from '@sluice/core';
import { RE2JS } from 're2js';

/** Fields of some objects whose drift is left alone: an entry of `spec.ignore`. */
export interface IgnoreRule {
  /** JSON pointers. */
  readonly paths: readonly string[];
  readonly target?: {
    readonly group?: string;
    readonly version?: string;
    readonly kind?: string;
    readonly name?: string;
    readonly namespace?: string;
    readonly labelSelector?: string;
    readonly annotationSelector?: string;
  };
}

export interface IgnoreRules {
  /** The fields of this object that are left alone. */
  pointersFor(object: KubeObject): readonly string[];
}

export const noIgnoreRules: IgnoreRules = { pointersFor: () => [] };

/** Throws for a pattern or selector that does not parse. Patterns must match the whole value. */
export function compileIgnoreRules(rules: readonly IgnoreRule[]): IgnoreRules {
  if (rules.length === 0) return noIgnoreRules;
  const compiled = rules.map(({ paths, target = {} }) => ({ paths, matches: compileTarget(target) }));
  return { pointersFor: (object) => compiled.flatMap(({ paths, matches }) => (matches(object) ? paths : [])) };
}

function compileTarget(target: NonNullable<IgnoreRule['target']>): (object: KubeObject) => boolean {
  const tests: ((object: KubeObject) => boolean)[] = [];
  const pattern = (name: string, text: string | undefined, value: (object: KubeObject) => string): void => {
    if (text === undefined || text === '') return;
    const regex = compilePattern(name, text);
    tests.push((object) => regex.matches(value(object)));
  };
  pattern('group', target.group, ({ apiVersion }) => groupOf(apiVersion));
  pattern('version', target.version, ({ apiVersion }) => versionOf(apiVersion));
  pattern('kind', target.kind, ({ kind }) => kind);
  pattern('name', target.name, ({ metadata }) => metadata.name ?? '');
  pattern('namespace', target.namespace, ({ metadata }) => metadata.namespace ?? '');
  const selector = (name: string, text: string | undefined, map: (object: KubeObject) => Readonly<Record<string, string>>): void => {
    if (text === undefined || text === '') return;
    const matches = named(`invalid ${name} selector`, () => parseLabelSelector(text));
    tests.push((object) => matches(map(object)));
  };
  selector('label', target.labelSelector, ({ metadata }) => metadata.labels ?? {});
  selector('annotation', target.annotationSelector, ({ metadata }) => metadata.annotations ?? {});
  return (object) => tests.every((test) => test(object));
}

function compilePattern(name: string, text: string): RE2JS {
  return named(`invalid ${name} regex`, () => RE2JS.compile(text));
}

function named<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new Error(`failed to create ignore rule selector: ${what}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
