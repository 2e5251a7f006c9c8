import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { onPath } from '../quickstart.js';
import { missingLine, readBlocks, readPages, readSteps, type Page } from './pages.js';
import { openShell, type Shell } from './shell.js';

/** What commands of pages use besides ours and those of every system. */
const PROGRAMS = ['kubectl', 'curl', 'jq'];

const pages = readPages();

describe('every command of the documentation runs', { concurrency: 3 }, () => {
  for (const page of pages.filter(({ blocks }) => blocks.some(runs))) runPage(page);
});

test('a block of commands is run, or says why not', () => {
  const silent = pages.flatMap(({ path, blocks }) =>
    blocks
      .filter(({ language, settings }) => {
        if (/^(sh|bash|shell|zsh|shell-session)$/.test(language)) return true;
        return language === 'console' && settings.get('not-run') === '';
      })
      .map(({ line, language }) => `${path}:${line} (${language}): write it as a console block, with not-run="why" where it can't be run`),
  );
  assert.deepEqual(silent, []);
});

test('what is compared: lines in their order, an ellipsis for any text', () => {
  const output = 'NAME   READY\nweb    True \nApplied revision: main@sha1:0123\n';
  for (const [expected, missing] of [
    [['NAME READY', 'web True'], undefined],
    [['Applied revision: main@…'], undefined],
    [['…', 'Applied …:0123'], undefined],
    [['web True', 'NAME READY'], 'NAME READY'],
    [['Applied revision'], 'Applied revision'],
    [['web Tru.'], 'web Tru.'],
  ] as const) {
    assert.equal(missingLine(expected, output), missing, expected.join(' / '));
  }
});

test('a block is read with its settings; commands go on after a backslash', () => {
  const [block] = readBlocks('text\n```console fails until="a b"\n$ one \\\n  more\nprinted\n$ two\n```\n');
  assert.ok(block);
  assert.deepEqual(
    [...block.settings],
    [
      ['fails', ''],
      ['until', 'a b'],
    ],
  );
  assert.deepEqual(readSteps(block), [
    { command: 'one \\\n  more', output: ['printed'], line: 3 },
    { command: 'two', output: [], line: 6 },
  ]);
});

function runs({ language, settings }: Page['blocks'][number]): boolean {
  return (language === 'console' && !settings.has('not-run')) || settings.has('file');
}

/** The blocks of a page in their order, in one shell; after one that fails the rest has no ground to stand on. */
function runPage({ path, blocks }: Page): void {
  const wanted = PROGRAMS.filter((program) =>
    blocks.some((block) => runs(block) && new RegExp(`\\b${program} `).test(block.lines.join('\n'))),
  );
  const missing = wanted.filter((program) => !onPath(program));
  describe(path, { concurrency: 1, skip: missing.length > 0 ? `${missing.join(', ')} is not installed` : false }, () => {
    let shell: Shell;
    let broken = false;
    before(async () => {
      shell = await openShell();
    });
    after(() => shell.close());
    for (const block of blocks.filter(runs)) {
      test(`line ${block.line}`, async (t) => {
        if (broken) return t.skip('an earlier block failed');
        broken = true;
        await runBlock(block, shell);
        broken = false;
      });
    }
  });
}

async function runBlock(block: Page['blocks'][number], shell: Shell): Promise<void> {
  const file = block.settings.get('file');
  if (file !== undefined) return shell.write(file, `${block.lines.join('\n')}\n`);
  const until = block.settings.get('until');
  const steps = readSteps(block);
  for (const { command, output: expected, line } of steps) {
    if (until !== undefined) {
      await shell.background(command, until);
      continue;
    }
    const { code, output } = await shell.run(command);
    const what = `line ${line}: ${command}\n${output}`;
    if (block.settings.has('fails') && line === steps.at(-1)?.line) assert.notEqual(code, 0, what);
    else assert.equal(code, 0, what);
    const absent = missingLine(expected, output);
    assert.equal(absent, undefined, `${what}\nlacks: ${absent ?? ''}`);
  }
}
