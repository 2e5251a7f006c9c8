// The command line as a few files instead of hundreds: a process that starts spends most of its time finding and reading
// modules. Commands stay apart, so that each loads only what it needs.
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from './root.mjs';

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
  plugins: [unbundled],
  banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  chunkNames: 'chunk-[hash]',
  logLevel: 'error',
});
