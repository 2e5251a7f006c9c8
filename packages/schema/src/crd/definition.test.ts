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
