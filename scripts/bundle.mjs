// The command line as a few files instead of hundreds: a process that starts spends most of its time finding and reading
// modules. Commands stay apart, so that each loads only what it needs. What `sluice up` runs is not bundled: it reads data
// files beside its code, and starts once a day.
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from './root.mjs';

/** Left to Node: the server and the engine. */
const external = ['@sluice/apiserver', '@sluice/controllers', '@sluice/runtime', '@sluice/sources', '@sluice/api'];

await build({
  absWorkingDir: join(root, 'packages/cli'),
  entryPoints: ['dist/process.js'],
  outdir: 'bundle',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minify: true,
  external,
  banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  chunkNames: 'chunk-[hash]',
  logLevel: 'error',
});
