// The command line as one file instead of hundreds of modules, in it the code that V8 makes of them: a process that starts
// spends most of its time finding, reading and compiling modules. Each command reads the parts of the file that it needs.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import v8 from 'node:v8';
import { build, transform } from 'esbuild';
import { crdOf, gitRepository, kustomization } from '../packages/api/dist/index.js';
import { startCluster } from '../packages/apiserver/dist/index.js';
import { createCluster } from '../packages/kube/dist/index.js';
import { writeChart } from './bundle-chart.mjs';
import { root } from './root.mjs';

const require = createRequire(import.meta.url);
const { bundle, LENGTH_DIGITS, loadPart, parts } = require('../packages/cli/bin/start.js');

/** Names stay: they stand in the stack of an error that somebody is to understand. */
const SHORTENED = { minifySyntax: true, minifyWhitespace: true };

/**
 * A package's door names all of its modules; whoever imports from it gets the module that is meant, so that parts hold what their
 * commands need.
 */
const pastDoors = {
  name: 'past-doors',
  setup: ({ onLoad }) => {
    onLoad({ filter: /[\\/]packages[\\/][a-z]+[\\/]dist[\\/].*\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(
        /^import \{([^}]*)\} from '(@sluice\/[a-z]+|\.[^']*\/index\.js)';$/gm,
        (whole, names, from) => {
          const door = from.startsWith('.')
            ? join(dirname(path), from)
            : join(root, 'packages', from.slice('@sluice/'.length), 'dist/index.js');
          const homes = homesIn(door);
          return listed(names)
            .map((name) => `import { ${name} } from '${homes.get(name.split(' as ')[0]) ?? from}';`)
            .join('');
        },
      ),
    }));
  },
};

const doors = new Map();

/** The modules that a door has its exports from. */
function homesIn(door) {
  const known = doors.get(door);
  if (known !== undefined) return known;
  const homes = new Map();
  doors.set(door, homes);
  for (const [, names, from] of readFileSync(door, 'utf8').matchAll(/^export \{([^}]*)\} from '(\.[^']+)';$/gm)) {
    const module = join(dirname(door), from);
    for (const name of listed(names)) {
      if (name.includes(' as ')) continue;
      homes.set(name, (from.endsWith('/index.js') ? homesIn(module).get(name) : undefined) ?? module);
    }
  }
  return homes;
}

function listed(names) {
  return names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** Of the HTTP library most commands need a tenth. */
const undiciInParts = {
  name: 'undici-in-parts',
  setup: ({ onResolve, onLoad }) => {
    const parts = { Pool: 'undici/lib/dispatcher/pool.js', buildConnector: 'undici/lib/core/connect.js' };
    onResolve({ filter: /^undici$/ }, ({ kind }) =>
      kind === 'entry-point' ? undefined : { path: 'undici', namespace: 'undici-in-parts' },
    );
    onResolve({ filter: /^\.\/undici\.cjs$/ }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /./, namespace: 'undici-in-parts' }, () => {
      const getters = Object.keys(require('undici')).map((name) => {
        const value = parts[name] === undefined ? `whole().${name}` : `require('${parts[name]}')`;
        return `get ${name}(){return ${value}}`;
      });
      return { contents: `const whole=()=>require('./undici.cjs');module.exports={${getters.join(',')}}`, resolveDir: root };
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

const scripts = await makeScripts();
mkdirSync(dirname(bundle), { recursive: true });
writeBundle(() => '');
for (const name of scripts.keys()) loadPart(name);
await exercise(loadPart('main').main);
await exerciseCluster(loadPart('apiserver'));
writeBundle((name) => parts.get(name).script.createCachedData());

/** The parts of the bundle, by their names. */
async function makeScripts() {
  const { outputFiles, metafile } = await build({
    absWorkingDir: join(root, 'packages/cli'),
    entryPoints: { process: 'dist/process.js', main: 'dist/main.js', apiserver: '@sluice/apiserver', undici: 'undici' },
    outdir: 'bundle',
    outExtension: { '.js': '.cjs' },
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    ...SHORTENED,
    // They stand in the packages, which are installed as well.
    legalComments: 'none',
    // One has a part that is compiled for the machine; the other's licence (LGPL) wants it to be replaceable.
    external: ['classic-level', 'openpgp'],
    plugins: [withData, undiciInParts, pastDoors],
    logLevel: 'error',
  });
  checkOrder(metafile.outputs);
  const made = outputFiles.map(async ({ path, text }) => [basename(path, '.cjs'), await asScript(text)]);
  return new Map(await Promise.all(made));
}

/** Writes the file that `start.js` reads, at once: other processes may be starting from it. */
function writeBundle(cacheOf) {
  const places = {};
  const contents = [];
  let end = 0;
  for (const [name, script] of scripts) {
    const cache = cacheOf(name);
    places[name] = [end, script.length, cache.length];
    contents.push(Buffer.from(script, 'latin1'), Buffer.from(cache));
    end += script.length + cache.length;
  }
  const index = JSON.stringify(places);
  const file = Buffer.concat([Buffer.from(String(index.length).padStart(LENGTH_DIGITS, '0') + index), ...contents]);
  writeFileSync(`${bundle}.new`, file);
  renameSync(`${bundle}.new`, bundle);
}

/** A module as what `start.js` runs: a function with all that CommonJS knows. */
async function asScript(module) {
  const { code } = await transform(withPlainExports(module), {
    format: 'cjs',
    target: 'node20',
    ...SHORTENED,
    // A script of this kind has no import().
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': '__url' },
    logLevel: 'error',
  });
  const url = code.includes('__url') ? "const __url=require('node:url').pathToFileURL(__filename).href;" : '';
  const body = `(function(exports,require,module,__filename){${url}${code}\n})`;
  // Read as one byte a character: esbuild leaves others in regular expressions and comments.
  return body.replace(/[^\0-\x7f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * What parts export does not change once they were read, so a plain object does: esbuild would make a getter for each name. A module
 * in CommonJS stays one: who imports it looks for its names, which `export default` alone would hide.
 */
function withPlainExports(module) {
  const found = /\bexport(?:\{(?<names>[^{}]*)\}| default (?<value>[^;]+));\s*$/.exec(module);
  if (found === null) return module;
  const { names, value } = found.groups;
  const properties = names?.split(',').map((name) => name.split(' as ').reverse().join(':'));
  return `${module.slice(0, found.index)}module.exports=${value ?? `{__esModule:true,${properties.join(',')}}`};`;
}

/** Parts take each other's exports when they are read, so none may need one that needs it. */
function checkOrder(outputs) {
  const done = new Set();
  const visit = (path, above) => {
    if (above.includes(path)) throw new Error(`parts of the bundle need each other: ${[...above, path].join(', ')}`);
    if (done.has(path)) return;
    for (const { path: next, kind } of outputs[path]?.imports ?? []) if (kind === 'import-statement') visit(next, [...above, path]);
    done.add(path);
  };
  for (const path of Object.keys(outputs)) visit(path, []);
}

function ignore() {}

/** Runs what most commands have in common, and what people run often: functions that ran once are kept compiled. */
async function exercise(main) {
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
