// The command line as one script instead of hundreds of modules, beside it the code that V8 makes of it: a process that
// starts spends most of its time finding, reading and compiling modules. The embedded API server is a script of its own,
// read by the commands that run it.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import v8 from 'node:v8';
import { build } from 'esbuild';
import { crdOf, gitRepository, kustomization } from '../packages/api/dist/index.js';
import { startCluster } from '../packages/apiserver/dist/index.js';
import { createCluster } from '../packages/kube/dist/index.js';
import { writeChart } from './bundle-chart.mjs';
import { root } from './root.mjs';

const require = createRequire(import.meta.url);
const { filesOf, loadBundle } = require('../packages/cli/bin/start.js');

/**
 * `up` stays as it is, with everything that it imports: the engine reads files beside its code, and a second copy of a
 * module (two classes of one error) must not meet the first in one process.
 */
const unbundled = {
  name: 'unbundled',
  setup: ({ onResolve }) => {
    onResolve({ filter: /\/commands\/(up|controller)\.js$/ }, ({ path }) => ({
      path: path.replace(/^.*\/commands\//, '../dist/commands/'),
      external: true,
    }));
  },
};

/** The commands of the cluster are read from their own bundle when one of them is called. */
const clusterApart = {
  name: 'cluster-apart',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /\/commands\/cluster\.js$/ }, ({ kind, path }) =>
      kind === 'entry-point' ? undefined : { path, namespace: 'cluster-apart' },
    );
    onResolve({ filter: /^\.\/start\.js$/, namespace: 'cluster-apart' }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /./, namespace: 'cluster-apart' }, () => ({
      contents: "module.exports = require('./start.js').loadBundle('cluster').exports;",
    }));
  },
};

/**
 * Modules of Node that cost milliseconds to load: not before something of theirs is used. Many parts name them, few commands
 * use them.
 */
const builtinsLater = {
  name: 'builtins-later',
  setup: ({ onResolve, onLoad }) => {
    const filter = /^node:(?:child_process|crypto|dns|dns\/promises|http|http2|https|net|os|perf_hooks|readline|tls|worker_threads|zlib)$/;
    onResolve({ filter }, ({ path, namespace }) => (namespace === 'later' ? { path, external: true } : { path, namespace: 'later' }));
    onLoad({ filter: /./, namespace: 'later' }, ({ path }) => {
      const names = Object.keys(require(path)).map((name) => `get ${name}(){return load().${name}}`);
      return { contents: `let loaded;const load=()=>loaded??=require('${path}');module.exports={${names.join(',')}}` };
    });
  },
};

/** Of the HTTP library most commands need a tenth. */
const undiciInParts = {
  name: 'undici-in-parts',
  setup: ({ onResolve, onLoad }) => {
    const parts = { Pool: 'undici/lib/dispatcher/pool.js', buildConnector: 'undici/lib/core/connect.js' };
    onResolve({ filter: /^undici$/ }, () => ({ path: 'undici', namespace: 'undici-in-parts' }));
    onLoad({ filter: /./, namespace: 'undici-in-parts' }, () => {
      const getters = Object.keys(require('undici')).map((name) => {
        const value = parts[name] === undefined ? `require('undici/index.js').${name}` : `require('${parts[name]}')`;
        return `get ${name}(){return ${value}}`;
      });
      return { contents: `module.exports={${getters.join(',')}}`, resolveDir: root };
    });
    // HTTP/2 is asked for nowhere, and takes a module of Node along.
    onLoad({ filter: /undici[\\/]lib[\\/]dispatcher[\\/]client-h2\.js$/ }, () => ({
      contents: "module.exports=()=>{throw new Error('there is no HTTP/2 in this bundle')}",
    }));
  },
};

/** The API server's data comes along: beside a bundle there is none. */
const withData = {
  name: 'with-data',
  setup: ({ onLoad }) => {
    onLoad({ filter: /[\\/]apiserver[\\/]dist[\\/]data\.js$/ }, () => {
      const folder = join(root, 'packages/apiserver/data');
      const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
      const texts = files.map((file) => [basename(file, '.json'), readFileSync(join(folder, file), 'utf8')]);
      return {
        contents: `const texts = new Map(${JSON.stringify(texts)});\nexport const readData = (name) => JSON.parse(texts.get(name));`,
      };
    });
  },
};

mkdirSync(dirname(filesOf('process').bundle), { recursive: true });
await makeBundle(
  'process',
  "export { runProcess } from './dist/process.js'; export { main } from './dist/main.js';",
  [unbundled, clusterApart, undiciInParts],
  exercise,
);
await makeBundle(
  'cluster',
  "export * from './dist/commands/cluster.js'; export { startCluster } from '@sluice/apiserver';",
  [withData],
  exerciseCluster,
);
const made = new Set(['process', 'cluster'].flatMap((name) => Object.values(filesOf(name))).map((path) => basename(path)));
const folder = dirname(filesOf('process').bundle);
for (const file of readdirSync(folder)) if (!made.has(file)) rmSync(join(folder, file));

/** Bundles what `contents` exports, and keeps the code of what `run` runs of it. */
async function makeBundle(bundleName, contents, plugins, run) {
  const { bundle, cache } = filesOf(bundleName);
  const { outputFiles } = await build({
    absWorkingDir: join(root, 'packages/cli'),
    stdin: { contents, resolveDir: join(root, 'packages/cli') },
    write: false,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minify: true,
    // One has a part that is compiled for the machine; the other's licence (LGPL) wants it to be replaceable.
    external: ['classic-level', 'openpgp'],
    // What stays outside is required: a script of this kind has no import().
    supported: { 'dynamic-import': false },
    plugins: [...plugins, builtinsLater],
    define: { 'import.meta.url': '__url' },
    logLevel: 'error',
  });
  const body = `(function(exports,require,module,__filename){const __url=require('node:url').pathToFileURL(__filename).href;${outputFiles[0].text}\n})`;
  // Read as one byte a character: esbuild leaves others in regular expressions and comments.
  const code = body.replace(/[^\0-\x7f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const name = `/*${createHash('sha256').update(code).digest('hex')}*/`;
  replaceFile(bundle, name + code);
  const { exports, script } = loadBundle(bundleName);
  await run(exports);
  replaceFile(cache, Buffer.concat([Buffer.from(name), script.createCachedData()]));
}

/** Other processes may be starting from these files. */
function replaceFile(path, content) {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
}

function ignore() {}

/** Runs what most commands have in common, and what people run often: functions that ran once are kept compiled. */
async function exercise({ main }) {
  const terminal = {
    out: ignore,
    action: ignore,
    success: ignore,
    waiting: ignore,
    failure: ignore,
    warning: ignore,
    generate: ignore,
    note: ignore,
    environment: {},
  };
  // V8 takes a cache only with the flags that it was made with: those that a command sets for its own run are not among them.
  v8.setFlagsFromString = ignore;
  const chart = writeChart();
  const lines = [
    ['--version'],
    ['--help'],
    ['kustomize', 'build', join(root, 'examples/quickstart/apps/overlays/local')],
    ['helm', 'template', 'example', chart.unpacked],
    ['helm', 'template', 'example', chart.packed],
  ];
  const { kubeconfig, stop } = await startFleet();
  lines.push(['get', 'all', '--all-namespaces', '--kubeconfig', kubeconfig]);
  try {
    for (const line of lines) {
      const status = await main('sluice', line, terminal, new AbortController().signal);
      if (status !== 0) throw new Error(`sluice ${line.join(' ')} failed`);
    }
  } finally {
    rmSync(chart.directory, { recursive: true });
    await stop();
  }
}

/** A cluster with an object or two. */
async function startFleet() {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bundle-'));
  const embedded = await startCluster({ ephemeral: true, port: 0, simulate: false });
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, embedded.kubeconfig, { mode: 0o600 });
  const cluster = createCluster(embedded.fetch);
  for (const resource of [gitRepository, kustomization]) await cluster.apply(crdOf(resource), { fieldManager: 'bundle' });
  const metadata = { name: 'example', namespace: 'default' };
  const sourceRef = { kind: 'GitRepository', name: 'example' };
  const spec = { interval: '1m', url: 'https://git.example/fleet' };
  await cluster.create({ apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository', metadata, spec });
  await cluster.create({
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata,
    spec: { interval: '1m', prune: true, sourceRef },
  });
  return {
    kubeconfig,
    stop: async () => {
      await embedded.stop();
      rmSync(directory, { recursive: true });
    },
  };
}

/** Starts a cluster, and ends it. */
async function exerciseCluster({ startCluster }) {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bundle-'));
  const cluster = await startCluster({ directory });
  await cluster.stop();
  rmSync(directory, { recursive: true });
}
