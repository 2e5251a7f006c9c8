import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { errorMessage, SluiceError } from '@sluice/core';
import { sprigFunctions } from './sprig/index.js';
import { createTemplates, type Templates } from './templates.js';

const functions = sprigFunctions();
const create = (): Templates => createTemplates({ functions, missingKey: 'zero' });

/** What a template puts out, or the text of its fault. */
function outcome(text: string): string {
  const data = { yes: true, no: false, list: ['a', 'b'], map: { k: 'v' }, text: 'T' };
  try {
    const templates = create();
    templates.parse('t', text);
    return templates.execute('t', data);
  } catch (error) {
    assert.ok(error instanceof SluiceError, String(error));
    return errorMessage(error);
  }
}

describe('words that stand in a text again', () => {
  const cases: readonly (readonly [template: string, expected: string])[] = [
    // The place is that of the words at fault, not that of those which stood first.
    ['{{ if .no }}{{ fail "x" }}{{ end }}\n {{ fail "x" }}', 'template: t:2:4: executing "t" at <fail "x">: error calling fail: x'],
    [
      '{{ with .map }}{{ .k }}{{ end }}{{ with .list }}\n{{ .k }}{{ end }}',
      'template: t:2:3: executing "t" at <.k>: can\'t evaluate field k in type []interface {}',
    ],
    [
      '{{ define "x" }}{{ fail . }}{{ end }}{{ if .no }}{{ template "x" .text }}{{ end }}\n{{ template "x" .text }}',
      'template: t:1:19: executing "x" at <fail .>: error calling fail: T',
    ],
    // A variable is the one that is declared at the place, if there is one.
    ['{{ $x := 1 }}{{ $x }}{{ with $x := 2 }}{{ $x }}{{ end }}{{ $x }}', '121'],
    ['{{ $y := 0 }}{{ $x := 1 }}{{ $x }}{{ $z := 3 }}{{ $x := 2 }}{{ $x }}{{ $z }}{{ $y }}', '1230'],
    ['{{ if .yes }}{{ $x := 1 }}{{ $x }}{{ end }}{{ $z := 5 }}{{ if .yes }}{{ $x := 1 }}{{ $x }}{{ end }}{{ $z }}', '115'],
    ['{{ if .yes }}{{ $x := 1 }}{{ $x }}{{ end }}{{ $x }}', 'template: t:1: undefined variable "$x"'],
    ['{{ range .list }}{{ $x := . }}{{ range $.list }}{{ $x }}{{ . }} {{ end }}{{ end }}', 'aa ab ba bb '],
    ['{{ $x := "a" }}{{ $x = print $x "b" }}{{ $x = print $x "b" }}{{ $x }}', 'abb'],
    ['{{ $x := .text }}{{ $x := print $x $x }}{{ $x := print $x $x }}{{ $x }}', 'TTTT'],
    ['{{ $a := ($b := 1) }}{{ $a }}{{ $b }}{{ $c := 7 }}{{ $a := ($b := 1) }}{{ $a }}{{ $b }}{{ $c }}', '11117'],
    // What the words are is more than their letters: delimiters may stand in quotes, comments are no words.
    ['{{ "}}" }}{{ `}}` }}{{ "}}" }}{{ \'}\' }}{{ `\n` }}{{/* "}}" */}}{{- `}}` -}} x', '}}}}}}125\n}}x'],
    ['{{ end }}', 'template: t:1: unexpected {{end}}'],
    ['{{ range .list }}{{ break }}{{ end }}{{ break }}', 'template: t:1: {{break}} outside {{range}}'],
    ['{{ if .yes }}{{ end }}\n{{ if .yes }}{{ end }}{{ end }}', 'template: t:2: unexpected {{end}}'],
  ];
  for (const [template, expected] of cases) test(template, () => assert.equal(outcome(template), expected));

  test('are the same in all texts of a set, each with its own place', () => {
    const templates = create();
    templates.parse('a', 'a {{ .text | fail }}');
    templates.parse('b', '\n{{ .text | fail }}');
    for (const [name, place] of [
      ['b', 'b:2:11'],
      ['a', 'a:1:13'],
      ['b', 'b:2:11'],
    ] as const) {
      assert.throws(() => templates.execute(name, { text: 'T' }), {
        message: `template: ${place}: executing "${name}" at <fail>: error calling fail: T`,
      });
    }
  });

  test('mean what they mean where they stand first', () => {
    const snippets = [
      '{{ .text }}',
      '{{ $x }}',
      '{{ $x := .text }}',
      '{{ $x = print $x "." }}',
      '{{ $y := $x }}',
      '{{ $y }}',
      '{{ if .yes }}',
      '{{ if .no }}',
      '{{ if $z := .list }}',
      '{{ index $z 0 }}',
      '{{ with .map }}',
      '{{ .k }}',
      '{{ range $i, $x := .list }}',
      '{{ range $.list }}',
      '{{ $i }}',
      '{{ else }}',
      '{{ else if .yes }}',
      '{{ end }}',
      '{{- end -}}',
      '{{ break }}',
      '{{ define "d" }}',
      '{{ block "e" . }}',
      '{{ template "d" $ }}',
      '{{ fail "f" }}',
      '{{ (print "}}" `x`) | len }}',
      'text ',
      '\n',
    ];
    const parts = fc.array(fc.constantFrom(...snippets), { maxLength: 30 });
    fc.assert(
      fc.property(parts, fc.nat(3), (words, open) => {
        const text = [...words, ...Array.from({ length: open }, () => '{{ end }}')];
        // The spaces make every action one of its own. They move columns.
        const apart = text.map((part, index) => part.replace(/^\{\{(-?) /, `{{$1${' '.repeat(index + 1)}`));
        const place = /(t:\d+):\d+/g;
        assert.equal(outcome(text.join('')).replace(place, '$1'), outcome(apart.join('')).replace(place, '$1'));
      }),
      { numRuns: 1_000 },
    );
  });
});
