import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { validateDefinition } from '../index.js';

const file = join(import.meta.dirname, '../../../../../shared/conformance/apiserver/crd-invalid.json');

interface Cause {
  readonly reason: string;
  readonly field: string;
  readonly message: string;
}

test('recorded refusals of definitions', { skip: existsSync(file) ? false : 'shared/conformance/apiserver is not there' }, async (t) => {
  const { steps } = JSON.parse(readFileSync(file, 'utf8')) as {
    steps: readonly {
      request?: { method: string; body?: Record<string, unknown> };
      response?: { status: number; body: { details?: { causes?: Cause[] } } };
    }[];
  };
  for (const [index, { request, response }] of steps.entries()) {
    if (request?.method !== 'POST' || request.body === undefined || response?.status !== 422) continue;
    await t.test(`step ${index}`, () => {
      const errors = validateDefinition(withDefaults(request.body as unknown as Definition)).map(({ reason, field, message }) => ({
        reason,
        message,
        field,
      }));
      assert.deepEqual(errors.sort(order), [...(response.body.details?.causes ?? [])].sort(order));
    });
  }
});

test('rules that do not compile, or say nothing of the right type', () => {
  const expecting = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";
  for (const [rule, field, fault] of [
    [{ rule: 'self' }, 'rule', 'cel expression must evaluate to a bool'],
    [
      { rule: 'self ==' },
      'rule',
      `compilation failed: ERROR: <input>:1:8: Syntax error: mismatched input '<EOF>' expecting ${expecting}\n | self ==\n | .......^`,
    ],
    [{ rule: 'true', messageExpression: '1' }, 'messageExpression', 'messageExpression must evaluate to a string'],
    [
      { rule: 'true', messageExpression: 'self +' },
      'messageExpression',
      `messageExpression compilation failed: ERROR: <input>:1:7: Syntax error: mismatched input '<EOF>' expecting ${expecting}\n | self +\n | ......^`,
    ],
  ] as const) {
    const schema = { openAPIV3Schema: { type: 'object', properties: { a: { type: 'string', 'x-kubernetes-validations': [rule] } } } };
    const spec = {
      group: 'example.com',
      scope: 'Cluster',
      names: { plural: 'things', kind: 'Thing' },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    };
    const errors = validateDefinition(withDefaults({ metadata: { name: 'things.example.com' }, spec } as unknown as Definition));
    assert.equal(errors.length, 1, JSON.stringify(errors));
    assert.ok(errors[0]?.field.endsWith(`[a].x-kubernetes-validations[0].${field}`), errors[0]?.field);
    assert.ok(errors[0]?.message.endsWith(`: ${fault}`), errors[0]?.message);
  }
});

interface Definition {
  readonly spec: { readonly names: Record<string, unknown> & { kind?: string } };
}

/** What the server fills in before it validates. */
function withDefaults(definition: Definition): Record<string, unknown> {
  const { spec } = definition;
  const { kind = '' } = spec.names;
  const names = { ...(kind === '' ? {} : { singular: kind.toLowerCase(), listKind: `${kind}List` }), ...spec.names };
  return { ...definition, spec: { conversion: { strategy: 'None' }, ...spec, names } };
}

function order(a: Cause, b: Cause): number {
  return `${a.field} ${a.message}` < `${b.field} ${b.message}` ? -1 : 1;
}
