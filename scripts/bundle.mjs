// The command line as one script instead of hundreds of modules, beside it the code that V8 makes of it: a process that
// starts spends most of its time finding, reading and compiling modules.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';
import { root } from './root.mjs';

const { bundle, cache, loadBundle } = createRequire(import.meta.url)('../packages/cli/bin/start.js');

/**
 * The commands that run a server or the engine stay as they are, with everything that they import: they read data files
 * beside their code, and a second copy of a module (two classes of one error) must not meet the first in one process.
 */
const unbundled = {
  name: 'unbundled',
  setup: ({ onResolve }) => {
    onResolve({ filter: /\/commands\/(up|cluster)\.js$/ }, ({ path }) => ({
      path: path.replace(/^.*\/commands\//, '../dist/commands/'),
      external: true,
    }));
  },
};

const { outputFiles } = await build({
  absWorkingDir: join(root, 'packages/cli'),
  stdin: {
    contents: "export { runProcess } from './dist/process.js'; export { main } from './dist/main.js';",
    resolveDir: join(root, 'packages/cli'),
  },
  write: false,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  minify: true,
  plugins: [unbundled],
  define: { 'import.meta.url': '__url' },
  logLevel: 'error',
});
const body = `(function(exports,require,module,__filename){const __url=require('node:url').pathToFileURL(__filename).href;${outputFiles[0].text}\n})`;
// Read as one byte a character: esbuild leaves others in regular expressions and comments.
const code = body.replace(/[^\0-\x7f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
const name = `/*${createHash('sha256').update(code).digest('hex')}*/`;

mkdirSync(dirname(bundle), { recursive: true });
replaceFile(bundle, name + code);
const { exports, script } = loadBundle();
await exercise(exports.main);
replaceFile(cache, Buffer.concat([Buffer.from(name), script.createCachedData()]));
for (const file of readdirSync(dirname(bundle))) {
  if (file !== basename(bundle) && file !== basename(cache)) rmSync(join(dirname(bundle), file));
}

/** Other processes may be starting from these files. */
function replaceFile(path, content) {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
}

function ignore() {}

/** Runs what most commands have in common: functions that ran once are kept compiled. */
async function exercise(main) {
  const terminal = {
    out: ignore,
    action: ignore,
    success: ignore,
    waiting: ignore,
    failure: ignore,
    warning: ignore,
    generate: ignore,
    environment: {},
  };
  const lines = [['--version'], ['--help'], ['kustomize', 'build', join(root, 'examples/quickstart/apps/overlays/local')]];
  for (const line of lines) {
    const status = await main('flux', line, terminal, new AbortController().signal);
    if (status !== 0) throw new Error(`flux ${line.join(' ')} failed`);
  }
}
