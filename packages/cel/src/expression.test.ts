import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '@sluice/core';
import * as fc from 'fast-check';
import { compileExpression } from './index.js';

const data = {
  self: {
    name: 'web',
    n: 3,
    big: 2.5,
    list: [1, 2, 3],
    words: ['b', 'a'],
    map: { k: 'v', 'a-b': 1 },
    none: null,
    when: '2024-01-02T03:04:05Z',
  },
};

function evaluate(text: string, costLimit?: number): unknown {
  return compileExpression(text, { variables: ['self'], ...(costLimit === undefined ? {} : { costLimit }) }).evaluate(data);
}

const results: readonly (readonly [text: string, result: unknown])[] = [
  // operators
  ['1 + 2 * 3', 7],
  ['-7 / 2', -3],
  ['-7 % 3', -1],
  ['0x1F', 31],
  ['1.5 + 2.0', 3.5],
  ['self.n == 3.0', true],
  ['self.n < self.big', false],
  ["'a' < 'b' && 'a' + 'b' == 'ab'", true],
  ['[1, 2] + [3] == [1, 2, 3]', true],
  ["{'a': 1} == {'a': 1.0}", true],
  ['self.none == null', true],
  ['1 in self.list && !(4 in self.list)', true],
  ["'k' in self.map", true],
  ["self.n > 2 ? 'many' : 'few'", 'many'],
  // errors on one side do not count when the other decides
  ['false && self.nope', false],
  ['self.nope || true', true],
  ['self.list.exists(x, x / (x - 2) > 0)', true],
  // macros
  ['has(self.name) && !has(self.nope)', true],
  ['self.list.all(x, x > 0)', true],
  ['self.list.exists_one(x, x == 2)', true],
  ['self.list.map(x, x * 2)', [2, 4, 6]],
  ['self.list.map(x, x > 1, x * 2)', [4, 6]],
  ['self.list.filter(x, x > 1)', [2, 3]],
  ['self.list.all(i, x, x == i + 1)', true],
  ['self.list.transformList(i, x, i * x)', [0, 2, 6]],
  ["self.map.transformMap(k, v, k + '!')", { k: 'k!', 'a-b': 'a-b!' }],
  ["self.map.exists(k, k == 'k')", true],
  ['cel.bind(x, self.n, x * x)', 9],
  ['self.words.sortBy(w, w)', ['a', 'b']],
  // optional values
  ["self.?nope.orValue('d')", 'd'],
  ['self.?map.?k.value()', 'v'],
  ["self.map[?'x'].hasValue()", false],
  ['[?self.?nope, 1]', [1]],
  ["{?'a': self.?name, ?'b': self.?nope}", { a: 'web' }],
  ["self.?name.optMap(n, n + '!').value()", 'web!'],
  ['self.?nope.or(self.?name).value()', 'web'],
  // strings
  ["'hello'.size()", 5],
  ["'äöü'.substring(1, 2)", 'ö'],
  ["'a,b,c'.split(',', 2)", ['a', 'b,c']],
  ["'abab'.replace('a', 'x', 1)", 'xbab'],
  ["'abcb'.lastIndexOf('b')", 3],
  ["' x '.trim().upperAscii()", 'X'],
  ["'%s has %d, %.2f, %x'.format([self.name, self.n, self.big, 255])", 'web has 3, 2.50, ff'],
  ["'abc'.reverse()", 'cba'],
  ["['a', 'b'].join('-')", 'a-b'],
  // regular expressions
  ["self.name.matches('^[a-z]+$')", true],
  ["'a1b22'.findAll('[0-9]+')", ['1', '22']],
  ["'abc 123'.find('[0-9]+')", '123'],
  // lists and sets
  ['self.list.sum()', 6],
  ['self.list.max() - self.list.min()', 2],
  ['self.words.isSorted()', false],
  ['self.words.sort()', ['a', 'b']],
  ['[1, 1, 2].distinct()', [1, 2]],
  ['[[1], [2, [3]]].flatten()', [1, 2, [3]]],
  ['self.list.slice(1, 3)', [2, 3]],
  ['lists.range(3)', [0, 1, 2]],
  ['sets.contains([1, 2], [2]) && sets.equivalent([1, 1], [1]) && sets.intersects([1], [1, 2])', true],
  ['self.list.first().value() + self.list.last().value()', 4],
  // Kubernetes
  ["quantity('1.5Gi').isGreaterThan(quantity('1Gi')) && quantity('1k').asInteger() == 1000", true],
  ["quantity('100m').add(quantity('900m')).compareTo(quantity('1'))", 0],
  ["isQuantity('many')", false],
  ["url('https://example.com:8080/p?a=1&a=2').getHostname()", 'example.com'],
  ["url('https://example.com:8080/p?a=1&a=2').getQuery()", { a: ['1', '2'] }],
  ["isURL('/path') && !isURL('not a url')", true],
  ["ip('::1').isLoopback() && ip('10.1.2.3').family() == 4", true],
  ["cidr('10.0.0.0/8').containsIP('10.1.2.3') && !cidr('10.0.0.0/8').containsCIDR('10.0.0.0/7')", true],
  ["string(ip('2001:DB8:0:0:0:0:0:1'))", '2001:db8::1'],
  ["semver('1.2.3').isLessThan(semver('1.10.0')) && isSemver('v1') == false", true],
  ["format.dns1123Label().validate('a-b') == optional.none()", true],
  ["format.named('labelValue').value().validate('-').hasValue()", true],
  // conversions and times
  ["int('42') + int(1.9) + int('-1')", 42],
  ['string(1.0) + string(true) + string(2)', '1true2'],
  ["type(self.n) == int && type('x') == string && type([]) == list", true],
  ['timestamp(self.when).getFullYear() + timestamp(self.when).getMonth()', 2024],
  ["timestamp(self.when) - timestamp('2024-01-02T03:04:00Z') == duration('5s')", true],
  ["duration('1h30m').getMinutes()", 90],
  ["timestamp('2024-07-01T12:00:00Z').getHours('Europe/Paris')", 14],
  ["base64.decode('aGk=') == b'hi'", true],
  // keys are data
  ["has(self.__proto__) || 'constructor' in self", false],
];
for (const [text, result] of results) test(text, () => assert.deepEqual(evaluate(text), result));

const invalid: readonly (readonly [text: string, message: RegExp])[] = [
  ['self.', /no viable alternative/],
  ['foo', /undeclared reference to 'foo'/],
  ["1 + 'a'", /found no matching overload for '_\+_' applied to '\(int, string\)'/],
  ["'a'.nope()", /undeclared reference to 'nope'/],
  ["'a'.startsWith(1)", /found no matching overload for 'startsWith'/],
  ['1 == true', /found no matching overload for '_==_'/],
  ['has(self)', /invalid argument to has\(\) macro/],
  ['[1].all(1, true)', /argument must be a simple name/],
  ["'unfinished", /token recognition error/],
  [`${'('.repeat(500)}1${')'.repeat(500)}`, /recursion limit/],
  ['1 ? 2 : 3', /found no matching overload for '_\?_:_'/],
  ['9223372036854775808', /invalid int literal/],
];
for (const [text, message] of invalid) {
  test(`does not compile: ${text.slice(0, 40)}`, () => {
    assert.throws(
      () => evaluate(text),
      (error) => error instanceof SluiceError && error.reason === 'CelInvalid' && message.test(error.message),
    );
  });
}

const failing: readonly (readonly [text: string, message: RegExp])[] = [
  ['self.nope', /no such key: nope/],
  ['self.list[3]', /index out of bounds: 3/],
  ['1 / (self.n - 3)', /divide by zero/],
  ['9223372036854775807 + self.n', /integer overflow/],
  ['self.name + self.n', /no such overload/],
  ['self.?nope.value()', /optional\.none\(\) dereference/],
  ["self.name.matches('(')", /error parsing regexp/],
  ["quantity('many')", /quantities must match/],
  ['self.n && true', /no such overload/],
];
for (const [text, message] of failing) {
  test(`has no value: ${text}`, () => {
    assert.throws(
      () => evaluate(text),
      (error) => error instanceof SluiceError && error.reason === 'CelFailed' && message.test(error.message),
    );
  });
}

test('an expression that costs too much is stopped, whatever it would decide', () => {
  const costly = 'lists.range(1000).all(x, lists.range(1000).all(y, lists.range(1000).all(z, x + y + z >= 0))) || true';
  assert.throws(() => evaluate(costly, 100_000), /cost limit exceeded/);
  const started = performance.now();
  assert.equal(evaluate("(self.name + 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa').matches('(a+)+$')"), true);
  assert.ok(performance.now() - started < 1000);
});

test('texts that are no expressions are refused, not crashed on', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...Array.from('a1."\'[](){}?:,!-+*/%<>=&|\\ `')), maxLength: 20 }), (text) => {
      try {
        evaluate(text);
      } catch (error) {
        assert.ok(error instanceof SluiceError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
