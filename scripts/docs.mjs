// `npm run docs`: writes docs/kinds, a page a kind, from the schemas in packages/api and the examples in docs/kinds/examples.
// `--check` (part of `npm run check`) only says which pages are not up to date.
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';
import { indexPage, kindPage } from './docs-pages.mjs';

const { customResources } = await import('../packages/api/dist/index.js');
const folder = join(root, 'docs/kinds');
const pages = new Map([
  ['README.md', indexPage(customResources)],
  ...customResources.map((kind) => [
    `${kind.singular}.md`,
    kindPage(kind, readFileSync(join(folder, 'examples', `${kind.singular}.yaml`), 'utf8')),
  ]),
]);
const present = readdirSync(folder).filter((name) => name.endsWith('.md'));
const stale = [
  ...[...pages]
    .filter(([name, text]) => !existsSync(join(folder, name)) || readFileSync(join(folder, name), 'utf8') !== text)
    .map(([name]) => name),
  ...present.filter((name) => !pages.has(name)),
];

if (process.argv.includes('--check')) {
  for (const name of stale) console.log(`docs/kinds/${name} is not up to date: npm run docs`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const name of present) if (!pages.has(name)) rmSync(join(folder, name));
  for (const [name, text] of pages) writeFileSync(join(folder, name), text);
  console.log(`docs/kinds: ${pages.size} pages, ${stale.length} changed`);
}
