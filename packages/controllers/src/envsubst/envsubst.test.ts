import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { conformanceFile } from '../testing/conformance.js';
import { envsubst, EnvsubstError } from './index.js';

interface EvalCase {
  readonly name: string;
  readonly input: string;
  readonly vars?: Readonly<Record<string, string>>;
  readonly strict: boolean;
  readonly expected?: string;
  readonly expectedBase64?: string;
  readonly error?: string;
}

const suite = conformanceFile<readonly EvalCase[]>('envsubst/eval.json');
if (suite === undefined) test('envsubst/eval.json', { skip: 'the conformance data is not there' }, () => {});
for (const { name, input, vars = {}, strict, expected, expectedBase64, error } of suite ?? []) {
  test(`envsubst: ${name}`, () => {
    const values = new Map(Object.entries(vars));
    const run = (): string => envsubst(input, (variable) => values.get(variable), { strict });
    if (error !== undefined) assert.throws(run, (thrown) => thrown instanceof EnvsubstError && thrown.message === error);
    else assert.equal(run(), expected ?? Buffer.from(expectedBase64!, 'base64').toString('utf8'));
  });
}

test('text without variables is itself, whatever it holds', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }).map((text) => text.replaceAll(/[$\0]/g, '')),
      (text) => {
        assert.equal(
          envsubst(text, () => 'x', { strict: true }),
          text,
        );
      },
    ),
  );
});

test('any text is answered or refused; dollars doubled give it back', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('$', '{', '}', 'a', ':', '-', '/', '#', '%', '^', ',', '\\', '=', 'é', ' ')).map((chars) => chars.join('')),
      (text) => {
        try {
          envsubst(text, () => 'value', { strict: false });
        } catch (error) {
          assert.ok(error instanceof EnvsubstError);
        }
        assert.equal(
          envsubst(text.replaceAll('$', '$$$$'), () => 'value', { strict: true }),
          text,
        );
      },
    ),
  );
});
