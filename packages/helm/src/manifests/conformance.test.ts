import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordedCases, thrownBy } from '../testing/recorded.js';
import type { KindOrder } from './kind-order.js';
import { hooksOf, sortManifests, type Hook, type HookEvent, type SortedManifests } from './manifests.js';
import { splitManifests } from './split.js';

interface SplitCase {
  readonly input: string;
  readonly expected: readonly string[];
  readonly v4?: readonly string[];
}

for (const { input, expected, v4 } of recordedCases<SplitCase>('helm/sdk/split_manifests.json')) {
  test(`the documents of ${JSON.stringify(input)}`, () => {
    assert.deepEqual(splitManifests(input, 3), expected);
    assert.deepEqual(splitManifests(input, 4), v4 ?? expected);
  });
}

interface Sorted {
  readonly manifests?: readonly unknown[];
  readonly hooks?: readonly unknown[];
  readonly error?: string;
}

interface SortCase extends Sorted {
  readonly name: string;
  readonly order: KindOrder;
  readonly files: Readonly<Record<string, string>>;
  readonly v4?: Sorted;
}

for (const recorded of recordedCases<SortCase>('helm/sdk/kind_order.json')) {
  for (const helm of [3, 4] as const) {
    test(`${recorded.name} (${recorded.order}), Helm ${helm}`, () => {
      const { manifests, hooks, error } = { ...recorded, ...(helm === 4 ? recorded.v4 : undefined) };
      let sorted: SortedManifests = { manifests: [], hooks: [] };
      assert.equal(
        thrownBy(() => (sorted = sortManifests(new Map(Object.entries(recorded.files)), recorded.order, helm))),
        error,
      );
      if (error !== undefined) return;
      assert.deepEqual(
        sorted.manifests.map(({ path, kind, name }) => ({ path, kind, name })),
        manifests,
      );
      assert.deepEqual(
        sorted.hooks.map((hook, index) => pick(hook, hooks?.[index])),
        hooks,
      );
    });
  }
}

/** The fields that the record has of a hook. */
function pick(hook: Hook, recorded: unknown): unknown {
  const fields = new Set(Object.keys(recorded ?? hook));
  return Object.fromEntries(Object.entries(hook).filter(([field]) => fields.has(field)));
}

/** The record names objects as they are written: `n` is `false` for Helm. */
function nameInText({ kind, content }: Hook): string {
  return `${kind}/${/name: (\S+)/.exec(content)?.[1] ?? ''}`;
}

interface HookOrderCase {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly sequence: Readonly<Record<string, readonly string[] | null>>;
}

const EVENTS: Readonly<Record<string, readonly HookEvent[]>> = {
  install: ['pre-install', 'post-install'],
  upgrade: ['pre-upgrade', 'post-upgrade'],
  rollback: ['pre-rollback', 'post-rollback'],
  uninstall: ['pre-delete', 'post-delete'],
  test: ['test'],
};

for (const { name, files, sequence } of recordedCases<HookOrderCase>('helm/sdk/hook_order.json')) {
  test(`hooks in order: ${name}`, () => {
    const { hooks } = sortManifests(new Map(Object.entries(files)), 'install', 4);
    for (const [action, expected] of Object.entries(sequence)) {
      const run = (EVENTS[action] ?? []).flatMap((event) => hooksOf(hooks, event)).map(nameInText);
      // The record has a hook again where the action touches it again.
      const touched = (expected ?? []).filter((entry, index, all) => entry !== all[index - 1]);
      assert.deepEqual(run, touched, action);
    }
  });
}
