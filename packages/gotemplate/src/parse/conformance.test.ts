import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isEmptyTree, parseTemplate, printNode } from '../index.js';

interface Recorded {
  readonly name: string;
  readonly template: string;
  readonly pre?: [string, string][];
  readonly funcs?: 'test' | 'sprig';
  readonly delims?: [string, string];
  readonly mode?: 'parse' | 'empty';
  readonly tree?: string;
  readonly trees?: Record<string, string>;
  readonly expected?: string;
  readonly error?: string;
  readonly stage?: 'parse' | 'exec';
}

const recordings = join(dirname(fileURLToPath(import.meta.url)), '../../../../../shared/conformance/gotemplate');

const BUILT_IN = 'and call eq ge gt html index js le len lt ne not or print printf println slice urlquery'.split(' ');
const TEST_FUNCTIONS =
  'add dddArg die echo fails makemap mapOfThree oneArg returnInt returnNil trace twoArgs typeOf valueString wantBool wantFloat wantInt wantList wantMap zeroArgs'.split(
    ' ',
  );

describe(
  "what text/template's parser was recorded to do",
  { skip: existsSync(recordings) ? false : '../shared/conformance is not there' },
  () => {
    if (!existsSync(recordings)) return;
    for (const file of readdirSync(recordings).filter((name) => name.endsWith('.json'))) {
      const { cases } = JSON.parse(readFileSync(join(recordings, file), 'utf8')) as { cases: Recorded[] };
      describe(file, () => {
        for (const recorded of cases) test(recorded.name, () => replay(recorded));
      });
    }
  },
);

function replay({ template, pre = [], funcs, delims, mode, tree, trees, expected, error, stage }: Recorded): void {
  const known = new Set([...BUILT_IN, ...(funcs === 'test' ? TEST_FUNCTIONS : [])]);
  const options = {
    hasFunction: (name: string) => funcs === 'sprig' || known.has(name),
    ...(delims === undefined ? {} : { leftDelim: delims[0], rightDelim: delims[1] }),
  };
  const parse = (): ReturnType<typeof parseTemplate> => {
    for (const [name, text] of pre) parseTemplate(name, text, options);
    return parseTemplate('t', template, options);
  };
  if (stage === 'parse' && error !== undefined) {
    assert.throws(parse, { name: 'TemplateError', message: error });
    return;
  }
  const { main, defined } = parse();
  if (mode === 'empty') assert.equal(String(isEmptyTree(main.root)), expected);
  if (tree !== undefined) assert.equal(printNode(main.root), tree);
  if (trees !== undefined) assert.deepEqual(Object.fromEntries(defined.map(({ name, root }) => [name, printNode(root)])), trees);
}
