import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SluiceError } from '@sluice/core';
import { contextFunction, goFunction, goMethod } from './exec/function.js';
import { createTemplateCache, createTemplates } from './templates.js';
import { GoStruct, typedMap, type GoValue } from './values/values.js';

describe('a set of templates', () => {
  test('sees the later of two definitions, but for an empty one', () => {
    const templates = createTemplates();
    templates.parse('a', '{{ define "x" }}first{{ end }}{{ define "y" }}kept{{ end }}');
    templates.parse('b', '{{ define "x" }}second{{ end }}{{ define "y" }} {{ end }}');
    templates.parse('main', '{{ template "x" }} {{ template "y" }}');
    assert.equal(templates.execute('main', undefined), 'second kept');
  });

  test('takes what is compiled from a cache, only with the same functions', () => {
    const cache = createTemplateCache();
    const withAnswer = (answer: string) => {
      const functions = new Map([['answer', goFunction([], 'string', () => answer)]]);
      const templates = createTemplates({ functions, cache });
      templates.parse('t', '{{ answer }}');
      return templates.execute('t', undefined);
    };
    assert.equal(withAnswer('one'), 'one');
    assert.equal(withAnswer('two'), 'two');
  });

  test('shows a text that is rendered on the way what it defines itself, and nobody else', () => {
    const tpl = contextFunction(['string', 'any'], 'string', (context, text, data) => context.renderText('inner', text, data));
    const templates = createTemplates({ functions: new Map([['tpl', tpl]]), name: 'set' });
    templates.parse('outer', '{{ define "x" }}outer{{ end }}{{ tpl .text . }} {{ template "x" }}');
    assert.equal(templates.execute('outer', { text: '{{ define "x" }}inner{{ end }}{{ template "x" }}' }), 'inner outer');
  });

  test('says where an error is: the template, the line, the column, the cause', () => {
    const cause = new SluiceError('FileNotFound', 'no such file');
    const fails = goFunction([], 'string', () => {
      throw cause;
    });
    const templates = createTemplates({ functions: new Map([['load', fails]]) });
    templates.parse('chart/templates/a.yaml', 'a: 1\nb: {{ load }}\n');
    assert.throws(
      () => templates.execute('chart/templates/a.yaml', undefined),
      (error) => {
        assert.ok(error instanceof SluiceError);
        assert.equal(error.reason, 'TemplateFailed');
        assert.deepEqual(error.place, { file: 'chart/templates/a.yaml', line: 2, column: 7 });
        assert.equal(error.cause, cause);
        return true;
      },
    );
  });
});

describe('values of the program around the templates', () => {
  const methods = new Map([
    ['Get', goMethod('map', ['string'], 'string', (files, name) => (typeof files[name] === 'string' ? files[name] : ''))],
    ['Count', goMethod('map', [], 'int', (files) => Object.keys(files).length)],
  ]);
  const data: GoValue = {
    Files: typedMap('engine.files', { 'a.txt': 'A', 'b.txt': 'B' }, methods),
    Chart: new GoStruct('*chart.Metadata', { fields: { Name: 'app' } }),
  };
  const cases: readonly (readonly [template: string, expected: string | RegExp])[] = [
    ['{{ .Files.Get "a.txt" }}', 'A'],
    ['{{ "b.txt" | .Files.Get }}', 'B'],
    ['{{ .Files.Count }} {{ len .Files }}', '2 2'],
    ['{{ range $name, $content := .Files }}{{ $name }}={{ $content }};{{ end }}', 'a.txt=A;b.txt=B;'],
    ['{{ .Chart.Name }} {{ printf "%T" .Files }}', 'app engine.files'],
    ['{{ .Files.Get }}', /at <\.Files\.Get>: wrong number of args for Get: want 1 got 0$/],
    ['{{ .Files.Get 1 }}', /at <1>: expected string; found 1$/],
    ['{{ .Chart.Nope }}', /can't evaluate field Nope in type interface \{\}$/],
    ['{{ .Chart.Name 1 }}', /Name has arguments but cannot be invoked as function$/],
  ];
  for (const [template, expected] of cases) {
    test(template, () => {
      const templates = createTemplates();
      templates.parse('t', template);
      if (typeof expected === 'string') assert.equal(templates.execute('t', data), expected);
      else assert.throws(() => templates.execute('t', data), expected);
    });
  }
});
