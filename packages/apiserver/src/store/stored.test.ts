import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { ParsedCache, Stored } from './stored.js';

const text = (name: string): string =>
  `{"kind":"Secret","apiVersion":"v1","metadata":{"name":"${name}","labels":{"owner":"helm","name":"${name}"}}}`;

test('objects that are listed by labels again are not parsed again, however many there are', (context) => {
  const cache = new ParsedCache(4);
  const objects = Array.from({ length: 100 }, (_, index) => new Stored(`ns/s${index}`, index, text(`s${index}`), cache));
  const bare = new Stored('ns/bare', 100, '{"kind":"Secret","apiVersion":"v1","metadata":{"name":"bare"}}', cache);
  const labels = (): unknown[] => [...objects, bare].map((stored) => stored.labels['name']);
  const first = labels();
  const parse = mock.method(JSON, 'parse');
  context.after(() => parse.mock.restore());
  assert.deepEqual(labels(), first);
  assert.equal(first[99], 's99');
  assert.equal(first[100], undefined);
  assert.equal(parse.mock.callCount(), 0);
});
