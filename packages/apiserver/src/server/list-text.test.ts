import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListText } from './list-text.js';

test('a long list comes in pieces, which together are its text', async () => {
  const items = [
    ...Array.from({ length: 3000 }, (_, index) => JSON.stringify({ index, text: 'ü☃'.repeat(100) })),
    `"${'x'.repeat(700_000)}"`,
    '{}',
  ];
  for (const some of [items, items.slice(0, 2), items.slice(-2)]) {
    const list = new ListText('{"items":[', some, ',', ']}');
    const chunks: Uint8Array[] = [];
    for await (const chunk of list) chunks.push(chunk);
    assert.equal(Buffer.concat(chunks).toString(), list.text);
    assert.equal((JSON.parse(list.text) as { items: unknown[] }).items.length, some.length);
  }
});
