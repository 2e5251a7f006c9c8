import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SluiceError } from '@sluice/core';
import { compileExpression, type ResultKind } from './index.js';

interface Case {
  readonly name: string;
  readonly expr: string;
  readonly structVariables?: readonly string[];
  readonly outputTypeBool?: boolean;
  readonly resultAs: 'bool' | 'string' | 'stringSlice';
  readonly data: Readonly<Record<string, unknown>>;
  readonly errorPhase?: 'parse' | 'evaluate';
  readonly expectedResult?: unknown;
}

const file = join(import.meta.dirname, '../../../../shared/conformance/kstatus/cel-expressions.json');
const cases: Case[] = existsSync(file) ? readCases() : [];

function readCases(): Case[] {
  const data = JSON.parse(readFileSync(file, 'utf8')) as Case[] | { cases: Case[] };
  return Array.isArray(data) ? data : data.cases;
}

test('recorded CEL expressions', { skip: cases.length > 0 ? false : 'shared/conformance/kstatus is not there' }, async (t) => {
  for (const recorded of cases) {
    await t.test(recorded.name, () => {
      const { expr, data, structVariables, errorPhase, resultAs } = recorded;
      const result: ResultKind =
        resultAs === 'stringSlice' ? 'strings' : resultAs === 'bool' && recorded.outputTypeBool !== true ? 'any' : resultAs;
      const variables = structVariables ?? Object.keys(data);
      const compile = () => compileExpression(expr, { variables, result });
      if (errorPhase === 'parse') {
        assert.throws(compile, (error) => error instanceof SluiceError && error.reason === 'CelInvalid');
        return;
      }
      const expression = compile();
      if (errorPhase === 'evaluate') {
        assert.throws(
          () => expression.evaluate(data),
          (error) => error instanceof SluiceError && error.reason === 'CelFailed',
        );
      } else {
        assert.deepEqual(expression.evaluate(data), recorded.expectedResult);
      }
    });
  }
});
