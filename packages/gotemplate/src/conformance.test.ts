import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { goFunction, type FunctionTable } from './exec/function.js';
import { sprintln } from './fmt/printf.js';
import { createTemplates, type TemplatesOptions } from './templates.js';
import { decodeData, recordings, type Recorded } from './testing/recorded.js';
import { goInt, typedMap, typeName, type GoMap } from './values/values.js';

const { skip, files } = recordings('gotemplate');

describe('what text/template was recorded to do', { skip }, () => {
  for (const [file, cases] of files) {
    describe(file, () => {
      for (const recorded of cases.filter(({ mode }) => mode === undefined)) test(recorded.name, () => replay(recorded));
    });
  }
});

function replay({ template, pre = [], exec = 't', data, numbers, funcs, options = [], delims, expected, error }: Recorded): void {
  const missingKey = options.find((option) => option.startsWith('missingkey='))?.slice('missingkey='.length);
  const run = (): string => {
    const templates = createTemplates({
      name: 't',
      ...(funcs === 'test' ? { functions: testFunctions } : {}),
      missingKey: missingKey === 'zero' || missingKey === 'error' ? missingKey : 'default',
      ...(delims === undefined ? {} : { delims }),
    } satisfies TemplatesOptions);
    for (const [name, text] of pre) templates.parse(name, text);
    templates.parse('t', template);
    // Nil handed to Execute is no value at all.
    // The recordings are JSON, which has no stray bytes.
    return Buffer.from(templates.execute(exec, decodeData(data, numbers) ?? undefined)).toString();
  };
  if (error === undefined) assert.equal(run(), expected);
  else assert.throws(run, { name: 'SluiceError', message: error });
}

/** The functions that the recordings were made with. */
const testFunctions: FunctionTable = new Map(
  Object.entries({
    add: goFunction(['...int'], 'int', (...terms) => terms.reduce((sum, term) => sum + term, 0)),
    dddArg: goFunction(['int', '...string'], 'string', (a, ...b) => sprintln([goInt(a), b])),
    die: goFunction([], 'bool', () => {
      throw new Error('die');
    }),
    echo: goFunction(['any'], 'any', (value) => value),
    trace: goFunction(['any'], 'any', (value) => value),
    fails: goFunction(['string'], 'string', (text) => {
      throw new Error(text);
    }),
    makemap: goFunction(['...string'], 'map[string]string', (...words) => {
      if (words.length % 2 === 1) throw new Error('bad makemap');
      const map: GoMap = {};
      for (let index = 0; index < words.length; index += 2) map[words[index] ?? ''] = words[index + 1];
      return map;
    }),
    mapOfThree: goFunction([], 'struct', () => typedMap('map[string]int', { three: goInt(3) })),
    oneArg: goFunction(['string'], 'string', (a) => `oneArg=${a}`),
    twoArgs: goFunction(['string', 'string'], 'string', (a, b) => `twoArgs=${a}${b}`),
    returnInt: goFunction([], 'int', () => 7),
    returnNil: goFunction([], 'any', () => null),
    zeroArgs: goFunction([], 'string', () => 'zeroArgs'),
    typeOf: goFunction(['any'], 'string', (value) => typeName(value)),
    valueString: goFunction(['string'], 'string', () => 'value is ignored'),
    wantInt: goFunction(['int'], 'string', (value) => `int:${value}`),
    wantFloat: goFunction(['float64'], 'string', (value) => `float:${value}`),
    wantBool: goFunction(['bool'], 'string', (value) => `bool:${value}`),
    wantMap: goFunction(['map[string]any'], 'string', (value) => `map:${Object.keys(value).length}`),
    wantList: goFunction(['[]any'], 'string', (value) => `list:${value.length}`),
  }),
);
