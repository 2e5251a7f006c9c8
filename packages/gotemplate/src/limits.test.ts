import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SluiceError } from '@sluice/core';
import type { TemplateLimits } from './exec/context.js';
import { sprigFunctions } from './sprig/index.js';
import { createTemplates } from './templates.js';
import type { GoValue } from './values/values.js';

const functions = sprigFunctions();

function render(text: string, data?: GoValue, limits: TemplateLimits = {}): string {
  const templates = createTemplates({ functions });
  templates.parse('bomb.tpl', text);
  return templates.execute('bomb.tpl', data, { limits });
}

/** What a template that would use up the machine says instead, and how fast. */
function refuses(text: string, message: RegExp, limits?: TemplateLimits): void {
  const started = performance.now();
  assert.throws(
    () => render(text, undefined, limits),
    (error) => {
      assert.ok(error instanceof SluiceError);
      assert.equal(error.reason, 'TemplateOverLimit');
      assert.match(error.message, message);
      assert.match(error.message, /bomb\.tpl/);
      return true;
    },
  );
  assert.ok(performance.now() - started < 5_000, 'it takes too long to find out');
}

const doubling = (step: string, count = 60): string => `{{ $x := "ab" }}{{ range until ${count} }}{{ ${step} }}{{ end }}`;

describe('a template that asks for too much', () => {
  const cases: readonly (readonly [name: string, text: string, message: RegExp])[] = [
    ['repeats a billion times', '{{ repeat 1000000000 "x" }}', /makes a text of more than/],
    ['repeats what is repeated', '{{ repeat 10000 (repeat 10000 "x") }}', /makes a text of more than/],
    ['counts to a billion', '{{ until 1000000000 }}', /bomb\.tpl:1:9.*makes a list of more than/],
    ['counts to a billion in a text', '{{ seq 1000000000 }}', /makes a list of more than/],
    ['counts in steps', '{{ untilStep 0 1000000000 1 }}', /makes a list of more than/],
    ['indents by a billion', '{{ indent 1000000000 "x" }}', /makes a text of more than/],
    ['indents many lines far', '{{ repeat 100000 "\\n" | indent 100000 }}', /makes a text of more than/],
    ['replaces each character by many', '{{ replace "x" (repeat 100000 "y") (repeat 100000 "x") }}', /makes a text of more than/],
    ['asks for a billion random letters', '{{ randAlphaNum 1000000000 }}', /makes a text of more than/],
    ['doubles a text', doubling('$x = print $x $x'), /makes a text/],
    ['doubles a list', `{{ $x := list 1 }}${doubling('$x = concat $x $x').replace('{{ $x := "ab" }}', '')}`, /makes a list/],
    ['doubles what a list holds, and prints it', `${doubling('$x = list $x $x')}{{ $x }}`, /prints or copies more than/],
    ['doubles what a list holds, and makes it JSON', `${doubling('$x = list $x $x')}{{ toJson $x }}`, /prints or copies more than/],
    ['doubles what a map holds, and quotes it', `${doubling('$x = dict "a" $x "b" $x')}{{ quote $x }}`, /prints or copies more than/],
    ['doubles what a map holds, and copies it', `${doubling('$x = dict "a" $x "b" $x')}{{ deepCopy $x }}`, /prints or copies more than/],
    ['puts a map into itself, and prints it', '{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ $d }}', /too deeply|prints or copies more than/],
    ['calls itself', '{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}', /calls itself, or others, too deeply/],
    ['puts out without end', '{{ $x := repeat 1000000 "x" }}{{ range until 1000 }}{{ $x }}{{ end }}', /puts out more than/],
    ['nests deeply', `${'{{ if 1 }}'.repeat(50_000)}${'{{ end }}'.repeat(50_000)}`, /too deeply/],
  ];
  for (const [name, text, message] of cases) test(`${name}: it is refused`, () => refuses(text, message));

  test('takes too long: it ends when it is told to', () => {
    const end = performance.now() + 50;
    refuses('{{ range until 1000000 }}{{ range until 1000000 }}{{ end }}{{ end }}', /takes too long/, {
      isOver: () => performance.now() > end,
    });
  });

  test('has its own limits', () => {
    refuses('{{ range until 10000 }}{{ end }}', /takes more than 100 steps/, { steps: 100 });
    refuses('{{ "longer" }}', /puts out more than 3 characters/, { textLength: 3 });
    refuses('{{ until 11 }}', /more than 10 elements/, { listLength: 10 });
  });
});

describe('texts that are slow to read', () => {
  const spaces = ' '.repeat(200_000);
  const cases: readonly (readonly [text: string, data: GoValue])[] = [
    ['{{ trim . | len }}', `x${spaces}x`],
    ['{{ nospace . }}', `x${spaces}x`],
    ['{{ base . }}', `${'/'.repeat(200_000)}x`],
    ['{{ regexMatch "(a+)+$" . }}', `${'a'.repeat(20_000)}!`],
    ['{{ regexReplaceAll "(x+x+)+y" . "" | len }}', 'x'.repeat(20_000)],
    ['{{ int . }} {{ int64 . }} {{ atoi . }} {{ float64 . }}', '9'.repeat(1_000_000)],
    ['{{ snakecase . | len }} {{ camelcase . | len }} {{ title . | len }}', 'aB1-'.repeat(20_000)],
    ['{{ splitList "," . | uniq | len }}', 'abc,'.repeat(50_000)],
    ['{{ semverCompare ">=1.0.0" "1.2.3" }}{{ wrap 10 . | len }}', 'word '.repeat(20_000)],
    ['{{ date . 0 | len }}', `.${'0'.repeat(50_000)}5`],
  ];
  for (const [text, data] of cases) {
    test(`${text} takes no time`, () => {
      const started = performance.now();
      render(text, data);
      assert.ok(performance.now() - started < 2_000);
    });
  }
});

describe('keys that mean something to JavaScript', () => {
  const cases: readonly (readonly [template: string, expected: string])[] = [
    ['{{ $d := dict "__proto__" (dict "x" 1) }}{{ $d }} {{ hasKey $d "x" }}', 'map[__proto__:map[x:1]] false'],
    ['{{ $d := set (dict) "__proto__" "p" }}{{ get $d "__proto__" }} {{ keys $d }}', 'p [__proto__]'],
    ['{{ hasKey (dict) "constructor" }} {{ get (dict) "toString" }}|{{ (dict).constructor }}', 'false |<no value>'],
    ['{{ index (dict) "constructor" }}|{{ index (dict "constructor" 1) "constructor" }}', '<no value>|1'],
    ['{{ merge (dict) (dict "__proto__" (dict "a" 1)) }}', 'map[__proto__:map[a:1]]'],
    ['{{ fromJson `{"__proto__":{"a":1},"b":2}` | toJson }}', '{"__proto__":{"a":1},"b":2}'],
    ['{{ deepCopy (dict "__proto__" 1) }} {{ pick (dict "__proto__" 1) "__proto__" "toString" }}', 'map[__proto__:1] map[__proto__:1]'],
    ['{{ omit (dict "__proto__" 1 "a" 2) "a" }} {{ unset (dict "__proto__" 1) "__proto__" }}', 'map[__proto__:1] map[]'],
    ['{{ dig "constructor" "none" (dict) }} {{ pluck "toString" (dict) }}', 'none []'],
    ['{{ range $k, $v := dict "__proto__" 1 "toString" 2 }}{{ $k }}={{ $v }};{{ end }}', '__proto__=1;toString=2;'],
  ];
  for (const [template, expected] of cases) test(template, () => assert.equal(render(template), expected));
});
