import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { validateResource } from '@sluice/api';
import { isJsonObject, type KubeObject } from '@sluice/core';
import { parseYamlDocuments } from '@sluice/yaml';
import { readPages, root } from './pages.js';

const pages = readPages();

test('what pages link to is there', () => {
  const anchors = new Map(
    pages.map(({ path, text }) => [path, new Set([...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => anchorOf(title)))]),
  );
  const broken = pages.flatMap(({ path, text }) =>
    [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => {
        const [file = '', anchor] = target.split('#');
        const to = file === '' ? path : relative(root, join(root, dirname(path), file));
        if (!existsSync(join(root, to))) return true;
        return anchor !== undefined && anchors.has(to) && anchors.get(to)?.has(anchor) !== true;
      })
      .map((target) => `${path}: ${target}`),
  );
  assert.deepEqual(broken, []);
});

test('objects of our kinds in pages are valid, and of a version that is not superseded', () => {
  const wrong = pages.flatMap(({ path, blocks }) =>
    blocks
      .filter(({ language, settings }) => language === 'yaml' && !settings.has('part'))
      .flatMap(({ lines, line }) =>
        parseYamlDocuments(lines.join('\n'))
          .map(({ value }) => value)
          .filter(isJsonObject)
          .map((value) => value as KubeObject)
          .flatMap((object) => {
            const outcome = validateResource(object);
            const older = outcome !== undefined && outcome.warnings.length > 0;
            const faults = [
              ...(outcome?.errors ?? []).map((error) => JSON.stringify(error)),
              ...(outcome?.unknown ?? []),
              ...(older ? outcome.warnings : []),
            ];
            return faults.map((fault) => `${path}:${line}: ${object.kind}: ${fault}`);
          }),
      ),
  );
  assert.deepEqual(wrong, []);
});

/** As GitHub makes it of a title. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[^]*?^```$/gm, '').replaceAll(/`[^`\n]*`/g, '');
}
