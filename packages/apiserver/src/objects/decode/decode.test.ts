import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { builtinType, decodeObject, type ObjectType, Refusal } from '../index.js';
import { countKeys, inspectJson, scanJson } from './go-json.js';

const deployment = builtinType('apps/v1', 'Deployment') as ObjectType;
const decode = (value: unknown, validation: 'Strict' | 'Warn' | 'Ignore' = 'Warn') =>
  decodeObject({ type: deployment, text: typeof value === 'string' ? value : JSON.stringify(value), format: 'json', validation });

test('an object comes back as the server writes it', () => {
  const { object, warnings } = decode({
    metadata: { labels: {}, name: 'd', creationTimestamp: null },
    spec: {
      template: {
        spec: { containers: [{ image: 'i', name: 'c', hostNetwork: 1, ports: [], resources: { limits: { memory: '1024Mi', cpu: 0.5 } } }] },
      },
      paused: false,
    },
  });
  assert.deepEqual(warnings, ['unknown field "spec.template.spec.containers[0].hostNetwork"']);
  assert.equal(
    JSON.stringify(object),
    '{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"d"},"spec":{"selector":null,"template":{"metadata":{},"spec":{"containers":[{"name":"c","image":"i","resources":{"limits":{"memory":"1Gi","cpu":"500m"}}}]}},"strategy":{}},"status":{}}',
  );
  assert.equal(JSON.stringify(decode(object).object), JSON.stringify(object));
});

for (const [name, body, message] of [
  [
    'unknown fields',
    { metadata: { bogus: 1 }, spec: { nope: 1 } },
    'strict decoding error: unknown field "metadata.bogus", unknown field "spec.nope"',
  ],
  ['keys twice', '{"metadata":{"name":"a","name":"b"}}', 'strict decoding error: duplicate field "metadata.name"'],
  [
    'a wrong type',
    { spec: { replicas: 'three' } },
    'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
  ],
  [
    'a fraction',
    { spec: { replicas: 1.5 } },
    'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
  ],
  ['a list for a struct', { spec: [] }, 'json: cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec'],
  [
    'a bad quantity',
    { spec: { template: { spec: { overhead: { cpu: 'many' } } } } },
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  ],
  [
    'a bad time',
    { metadata: { creationTimestamp: 'today' } },
    'parsing time "today" as "2006-01-02T15:04:05Z07:00": cannot parse "today" as "2006"',
  ],
] as const) {
  test(`a body with ${name} is refused`, () => {
    assert.throws(
      () => decode(body, 'Strict'),
      (error) =>
        error instanceof Refusal &&
        error.code === 400 &&
        error.message === `Deployment in version "v1" cannot be handled as a Deployment: ${message}`,
    );
  });
}

test('nesting that is meant to hurt is an answer', () => {
  for (const text of ['['.repeat(200_000), `${'['.repeat(5000)}${']'.repeat(5000)}`, `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`]) {
    assert.throws(
      () => decode(text),
      (error) => error instanceof Refusal && error.code === 400,
    );
  }
});

test('keys are counted as they are written', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const text = JSON.stringify(value);
      assert.equal(scanJson(text).keys, countKeys(JSON.parse(text)));
      assert.deepEqual(inspectJson(text), { duplicates: [] });
    }),
  );
});

test('a careful reading agrees with the parser on what is JSON', () => {
  const mutated = fc.tuple(
    fc.jsonValue({ maxDepth: 3 }),
    fc.nat(),
    fc.constantFrom('', '"', '}', ']', ',', ':', '0', 'e', '\\', '\n', 'x'),
  );
  fc.assert(
    fc.property(mutated, ([value, place, insert]) => {
      const text = JSON.stringify(value);
      const at = place % (text.length + 1);
      const broken = text.slice(0, at) + insert + text.slice(at + 1);
      let parses = true;
      try {
        JSON.parse(broken);
      } catch {
        parses = false;
      }
      assert.equal(inspectJson(broken).error === undefined, parses, broken);
    }),
  );
});
