'use strict';
// How the commands start. What they cost before they do anything is most of what a short one costs, so: a few scripts in the
// place of hundreds of modules, compiled when they were built, and no module loader but the one that Node has loaded anyway.
const { existsSync, readFileSync } = require('node:fs');
const path = require('node:path');
const { Script } = require('node:vm');

const folder = path.join(__dirname, '../bundle');
/** The length of the comment with the name of the build, which begins a part and its code cache. */
const BUILD_LENGTH = 68;
/** Modules of Node that cost milliseconds to load. Many parts name them, few commands use them. */
const COSTLY = new Set(
  'child_process crypto dns dns/promises http http2 https module net os perf_hooks readline tls tty v8 worker_threads zlib'.split(' '),
);
/** What the parts export, and their scripts, from which the build takes the code caches. */
const parts = new Map();

/** Runs the command line of this process under a name. `npm run build` makes the bundle; without it the modules run. */
async function start(program) {
  const { runProcess } = existsSync(filesOf('process').part) ? loadPart('process') : await import('../dist/process.js');
  await runProcess(program);
}

/** A part of the bundle and its code cache. */
function filesOf(name) {
  return { part: path.join(folder, `${name}.cjs`), cache: path.join(folder, `${name}.cache`) };
}

/** What a part exports. It is read when it is first asked for. */
function loadPart(name) {
  const known = parts.get(name);
  if (known !== undefined) return known.exports;
  const { part, cache } = filesOf(name);
  const source = readFileSync(part, 'latin1');
  const script = new Script(source, { filename: part, cachedData: readCodeCache(cache, source.slice(0, BUILD_LENGTH)) });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, requireForPart, module, part);
  parts.set(name, { exports: module.exports, script });
  return module.exports;
}

/** Parts name each other as files beside them; everything else is Node's or a package. */
function requireForPart(id) {
  if (id.startsWith('./')) return loadPart(id.slice(2, -4));
  return COSTLY.has(id.replace('node:', '')) ? onFirstUse(id) : require(id);
}

/** A module of Node that is loaded when something of it is first used. */
function onFirstUse(id) {
  let loaded;
  // What esbuild asks of each module that is not its own is no use of it.
  return new Proxy({}, { get: (_, name) => (name === '__esModule' ? undefined : (loaded ??= require(id))[name]) });
}

/** What V8 made of a part; nothing if it is of another build. V8 itself ignores what another version made. */
function readCodeCache(cache, build) {
  if (!existsSync(cache)) return undefined;
  const content = readFileSync(cache);
  return content.latin1Slice(0, BUILD_LENGTH) === build ? content.subarray(BUILD_LENGTH) : undefined;
}

module.exports = { start, loadPart, filesOf, parts };
