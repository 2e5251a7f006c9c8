import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printJson, type KubeObject } from '@sluice/core';
import { parseYaml } from '@sluice/yaml';
import { conformanceFile } from '../testing/conformance.js';
import { substituteObject } from './substitute.js';
import { combineVariables } from './variables.js';

interface SubstituteCase {
  readonly name: string;
  readonly resource: string;
  readonly substitute?: Readonly<Record<string, string>>;
  readonly substituteFrom?: readonly { readonly data: Readonly<Record<string, string>>; readonly missing?: boolean }[];
  readonly strict: boolean;
  readonly always: boolean;
  readonly expected?: KubeObject;
  readonly error?: string;
}

const suite = conformanceFile<readonly SubstituteCase[]>('envsubst/substitute.json');
if (suite === undefined) test('envsubst/substitute.json', { skip: 'the conformance data is not there' }, () => {});
for (const { name, resource, substitute = {}, substituteFrom = [], strict, always, expected, error } of suite ?? []) {
  // What is missing is found when variables are loaded, before any object is looked at.
  if (error !== undefined && substituteFrom.some(({ missing }) => missing === true)) continue;
  test(`post build: ${name}`, () => {
    const values = combineVariables([...substituteFrom.map(({ data }) => data), substitute]);
    const run = (): KubeObject =>
      substituteObject(parseYaml(resource, { types: 'kyaml' }) as unknown as KubeObject, values, { strict, always });
    if (error === undefined) assert.deepEqual(JSON.parse(printJson(run())), expected);
    else assert.throws(run, (thrown: Error) => isSameFault(thrown.message, error), error);
  });
}

/** YAML is told to be wrong in the words of our own reader. */
function isSameFault(actual: string, recorded: string): boolean {
  const prefix = 'envsubst error: YAMLToJSON: ';
  return actual === recorded || (actual.startsWith(prefix) && recorded.startsWith(prefix));
}
