import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isJsonObject, type Json } from '@sluice/core';
import { YamlError, parseYaml, parseYamlDocuments, printYaml, printYamlPretty } from './index.js';

// What Helm's toYaml and fromYaml do, as far as it is YAML's doing: cases that need a template engine are Helm's to replay.
// And what kustomize prints, read and printed again.

const recorded = join(import.meta.dirname, '../../../../shared/conformance');
const skip = existsSync(recorded) ? false : 'the recorded behaviour of Helm and kustomize is not beside the project';

interface Case {
  name: string;
  template: string;
  files?: Record<string, string>;
  expected?: string;
}

for (const [index, { name, template, files, expected = '' }] of cases('helm_toyaml').entries()) {
  const match = /^\{\{ \.Files\.Get "in\.json" \| fromJson \| (toYaml|toYamlPretty) \}\}$/.exec(template);
  if (match === null) continue;
  test(`${index} ${name}`, () => {
    const value: unknown = JSON.parse(files?.['in.json'] ?? '');
    const print = match[1] === 'toYaml' ? printYaml : printYamlPretty;
    assert.equal(
      textOr(() => print(value).replace(/\n$/, ''), ''),
      expected,
    );
  });
}

for (const [index, { name, template, files, expected = '' }] of cases('helm_fromyaml').entries()) {
  const match = /^\{\{ \.Files\.Get "in\.yaml" \| (fromYaml|fromYamlArray) \| toJson \}\}$/.exec(template);
  // What is YAML but not what the function wants is refused by encoding/json, not here.
  if (match === null || expected.includes('error unmarshaling JSON')) continue;
  const [empty, failed] = match[1] === 'fromYaml' ? [{}, (text: string): Json => ({ Error: text })] : [[], (text: string): Json => [text]];
  test(`${index} ${name}`, () => {
    let value: Json;
    try {
      value = parseYaml(files?.['in.yaml'] ?? '', { integers: 'float64' }) ?? empty;
    } catch (error) {
      assert.ok(error instanceof YamlError);
      value = failed(`error converting YAML to JSON: ${error.text}`);
    }
    assert.equal(goJson(value), expected);
  });
}

for (const folder of ['krusty', 'builtin', 'filters']) {
  for (const file of skip === false ? readdirSync(join(recorded, 'kustomize', folder)) : []) {
    const builds = JSON.parse(readFileSync(join(recorded, 'kustomize', folder, file), 'utf8')) as { name: string; expected?: string }[];
    for (const { name, expected } of builds) {
      if (expected === undefined) continue;
      test(`kustomize ${name}`, () => {
        const documents = parseYamlDocuments(expected, { types: 'kyaml' });
        assert.equal(documents.map(({ value }) => printYaml(value)).join('---\n'), expected);
      });
    }
  }
}

function cases(name: string): Case[] {
  if (skip !== false) {
    test(`recorded ${name}`, { skip });
    return [];
  }
  return (JSON.parse(readFileSync(join(recorded, 'sprig', `${name}.json`), 'utf8')) as { cases: Case[] }).cases;
}

/** A value as Go's encoding/json writes it. */
function goJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(goJson).join(',')}]`;
  if (isJsonObject(value)) {
    const keys = Object.keys(value).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return `{${keys.map((key) => `${goJson(key)}:${goJson(value[key] as Json)}`).join(',')}}`;
  }
  if (Object.is(value, -0)) return '-0';
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function textOr(produce: () => string, otherwise: string): string {
  try {
    return produce();
  } catch {
    return otherwise;
  }
}
