import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { recordings, type Recorded } from '../testing/recorded.js';
import { printNode } from './nodes.js';
import { isEmptyTree, parseTemplate } from './parse.js';

const BUILT_IN = 'and call eq ge gt html index js le len lt ne not or print printf println slice urlquery'.split(' ');
const TEST_FUNCTIONS =
  'add dddArg die echo fails makemap mapOfThree oneArg returnInt returnNil trace twoArgs typeOf valueString wantBool wantFloat wantInt wantList wantMap zeroArgs'.split(
    ' ',
  );

const { skip, files } = recordings('gotemplate');

describe("what text/template's parser was recorded to do", { skip }, () => {
  for (const [file, cases] of files) {
    describe(file, () => {
      for (const recorded of cases) test(recorded.name, () => replay(recorded));
    });
  }
});

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
    assert.throws(parse, { name: 'SluiceError', message: error });
    return;
  }
  const { main, defined } = parse();
  if (mode === 'empty') assert.equal(String(isEmptyTree(main.root)), expected);
  if (tree !== undefined) assert.equal(printNode(main.root), tree);
  if (trees !== undefined) assert.deepEqual(Object.fromEntries(defined.map(({ name, root }) => [name, printNode(root)])), trees);
}
