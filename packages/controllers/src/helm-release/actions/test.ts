import { errorMessage } from '@sluice/core';
import type { HelmRelease } from '@sluice/api';
import type { Release } from '@sluice/helm';
import { timeoutOf } from '../spec.js';
import type { ActionContext } from './context.js';
import { HookError, runHooks } from './hooks.js';

/** Runs the tests of a release. The record has what became of each, also when one failed. */
export async function testRelease(release: Release, context: ActionContext): Promise<Release> {
  const { object, records, signal } = context;
  const run = {
    event: 'test',
    serverSide: release.apply_method === 'ssa',
    timeoutMs: timeoutOf(object, 'test'),
    only: testFilter(object),
  } as const;
  try {
    const tested = await runHooks(release, run, context);
    await records.update(tested);
    return tested;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof HookError) await records.update(error.release);
    throw new Error(errorMessage(error), { cause: error });
  }
}

/** Which tests are run: those that are named, or all that are not excluded. */
export function testFilter({ spec }: HelmRelease): (name: string) => boolean {
  const filters = spec.test?.filters ?? [];
  const excluded = new Set(filters.filter(({ exclude }) => exclude === true).map(({ name }) => name));
  const included = new Set(filters.filter(({ exclude }) => exclude !== true).map(({ name }) => name));
  return (name) => !excluded.has(name) && (included.size === 0 || included.has(name));
}
