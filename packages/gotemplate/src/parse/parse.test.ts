import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTemplate } from './parse.js';

const FAULTS: readonly (readonly [text: string, message: string])[] = [
  ['{{ .', 'template: t:1: illegal number syntax: "."'],
  ['{{ 0x1i }}', 'template: t:1: illegal number syntax: "0x1i"'],
  ['{{ "s".b\n}}', 'template: t:1: unexpected . after term "\\"s\\""'],
  ['{{ block "e" . }}\n{{ else }}', 'template: t:1: unexpected {{else}} in block clause'],
  ['{{ define "e" }}\n{{ else }}', 'template: t:2: unexpected {{else}} in define clause'],
  ['{{ define .a.b }}{{ end }}', 'template: t:1: unexpected ".a" in define clause'],
  ['{{ if print }}{{ end .a.b }}', 'template: t:1: unexpected ".a" in end'],
  ['\n{{ .a.b.1 }}', 'template: t:2: unexpected ".1" in operand'],
  ['{{ .a.b.c! }}', "template: t:1: bad character U+0021 '!'"],
  ['{{ .a"b" }}', `template: t:1: bad character U+0022 '"'`],
  ['{{ (print\n-}}', 'template: t:1: unclosed left paren'],
  ['{{-\nprint "a\n" }}', 'template: t:2: unterminated quoted string in action started at t:1'],
  ['{{ range print }}{{ else if print }}{{ end }}', 'template: t:1: unexpected <if> in input'],
  ['a {{/* b\n', 'template: t:1: unclosed comment'],
  ['\n{{ if print }}{{/* b */ }}', 'template: t:2: comment ends before closing delimiter'],
  ['{{ if print }}\n\n', 'template: t:3: unexpected EOF'],
  ['{{ print\n\n"a\n" }}', 'template: t:3: unterminated quoted string in action started at t:1'],
];

for (const [text, message] of FAULTS) {
  test(`${JSON.stringify(text)} is refused on the line that text/template names`, () => {
    assert.throws(() => parseTemplate('t', text, { hasFunction: (name) => name === 'print' }), { message });
  });
}

test('a text of one line with many actions takes no longer than one of many lines', () => {
  const actions = 20_000;
  const time = (between: string): number => {
    const text = `{{ .a }}${between}`.repeat(actions);
    const start = performance.now();
    parseTemplate('t', text, { hasFunction: () => false });
    return performance.now() - start;
  };
  const least = (between: string): number => Math.min(time(between), time(between), time(between));
  const ofMany = least('\n');
  const ofOne = least('\u00b7');
  assert.ok(ofOne < 20 * ofMany + 50, `${ofOne} ms, and ${ofMany} ms with many lines`);
});
