import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RefListing } from './listing.js';
import { SharedListings } from './shared-listings.js';

function rig() {
  let time = 0;
  let refs: RefListing = new Map([['refs/heads/main', 'a']]);
  const changed: string[] = [];
  const listings = new SharedListings(
    () => time,
    (key) => changed.push(key),
  );
  return {
    listings,
    changed,
    pass: (ms: number) => (time += ms),
    push: (object: string) => (refs = new Map([['refs/heads/main', object]])),
    get: (maxAgeMs: number, key = 'remote') => listings.get(key, maxAgeMs, () => Promise.resolve(refs)),
    fail: (key = 'remote') => listings.get(key, 0, () => Promise.reject(new Error('down'))),
  };
}

test('one listing is for all who ask while it is young enough', async () => {
  const { listings, get, pass } = rig();
  await Promise.all([get(0), get(0)]);
  pass(10);
  await get(10);
  assert.equal(listings.count, 1);
  await get(9);
  await get(1000, 'other');
  assert.equal(listings.count, 3);
});

test('another listing than before is told, once; a failure in between makes nobody forget to ask', async () => {
  const { changed, get, pass, push, fail } = rig();
  await get(0);
  pass(1);
  await get(0);
  assert.deepEqual(changed, []);
  push('b');
  pass(1);
  const [seen] = await Promise.all([get(0), get(0)]);
  assert.equal(seen.get('refs/heads/main'), 'b');
  assert.deepEqual(changed, ['remote']);
  pass(1);
  await assert.rejects(fail());
  await get(1000);
  assert.deepEqual(changed, ['remote']);
});

test('what is old, or very much, is forgotten', async () => {
  const { listings, get, pass } = rig();
  await get(0);
  pass(3600_001);
  await get(0, 'other');
  await get(Number.MAX_SAFE_INTEGER);
  assert.equal(listings.count, 3);
});
