import { customResources } from '@sluice/api';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allKinds, pluralOf } from './kinds.js';

test('plurals are those of the definitions', () => {
  const plurals = new Map(customResources.map(({ kind, plural }) => [kind, plural]));
  for (const kind of allKinds) assert.equal(pluralOf(kind), plurals.get(kind.kind));
});
