import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { applySchemaDefaults, compileSchema, pruneValue, validateObject } from './index.js';

const folder = join(import.meta.dirname, '../../../../shared/conformance/apiserver');
const skip = existsSync(folder) ? false : 'shared/conformance/apiserver is not there';

interface Step {
  readonly request?: { readonly method: string; readonly path: string; readonly body?: Readonly<Record<string, unknown>> };
  readonly response?: { readonly status: number; readonly body: { readonly details?: { readonly causes?: readonly Cause[] } } };
}

interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** Creations of custom resources, recorded from a real server: accepted, or refused with these causes. */
for (const scenario of ['crd-validation-scalars', 'crd-validation-structures', 'crd-cel', 'crd-embedded']) {
  test(`recorded answers: ${scenario}`, { skip }, async (t) => {
    const recorded = JSON.parse(readFileSync(join(folder, `${scenario}.json`), 'utf8')) as {
      readonly setup: {
        readonly crds: readonly {
          readonly spec: { readonly versions: readonly { schema: { openAPIV3Schema: Record<string, unknown> } }[] };
        }[];
      };
      readonly steps: readonly Step[];
    };
    const version = recorded.setup.crds[0]?.spec.versions[0];
    assert.ok(version !== undefined);
    const schema = compileSchema(version.schema.openAPIV3Schema);
    for (const [index, { request, response }] of recorded.steps.entries()) {
      if (request?.method !== 'POST' || request.body === undefined || (response?.status !== 201 && response?.status !== 422)) continue;
      const causes = response.body.details?.causes ?? [];
      // Those of names and kinds are the server's.
      if (causes.some(({ field }) => /(^|\.)metadata|^kind$|apiVersion$/.test(field) && !/Required/.test(field))) continue;
      await t.test(`step ${index}`, () => {
        const value = applySchemaDefaults(schema, pruneValue(schema, request.body, { isResource: true }).value);
        const errors = validateObject(schema, value).map(({ reason, field, message }) => ({ reason, message, field }));
        assert.deepEqual(errors.sort(order), [...causes].sort(order));
      });
    }
  });
}

function order(a: Cause, b: Cause): number {
  return `${a.field} ${a.message}` < `${b.field} ${b.message}` ? -1 : 1;
}
