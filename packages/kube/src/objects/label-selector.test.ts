import { parseLabelSelector } from '@sluice/core';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labelSelectorText, type LabelSelectorSpec } from './label-selector.js';

const cases: readonly [selector: LabelSelectorSpec, text: string, matching: object[], other: object[]][] = [
  [{}, '', [{}, { a: '1' }], []],
  [{ matchLabels: { a: '1', b: '' } }, 'a=1,b=', [{ a: '1', b: '' }], [{ a: '1' }, { a: '2', b: '' }]],
  [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['1', '2'] }] }, 'a in (1,2)', [{ a: '2' }], [{}, { a: '3' }]],
  [{ matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['1'] }] }, 'a notin (1)', [{}, { a: '2' }], [{ a: '1' }]],
  [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }, 'a', [{ a: '' }], [{}, { b: '' }]],
  [{ matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] }, '!a', [{}], [{ a: '' }]],
  [{ matchLabels: { constructor: 'x' } }, 'constructor=x', [{ constructor: 'x' }], [{}]],
  [{ matchLabels: null, matchExpressions: null }, '', [{}], []],
];

for (const [selector, text, matching, other] of cases) {
  test(`the label selector ${JSON.stringify(selector)}`, () => {
    assert.equal(labelSelectorText(selector), text);
    const matches = parseLabelSelector(text);
    for (const labels of matching) assert.ok(matches(labels as Record<string, string>), JSON.stringify(labels));
    for (const labels of other) assert.ok(!matches(labels as Record<string, string>), JSON.stringify(labels));
  });
}
