'use strict';
// How the commands start. What they cost before they do anything is most of what a short one costs, so: one file in the place
// of hundreds, of which a command reads the parts that it needs, compiled when they were built, and no module loader but the
// one that Node has loaded anyway.
const { existsSync, openSync, readSync } = require('node:fs');
const path = require('node:path');
const { Script } = require('node:vm');

/** The parts one after the other, each with its code cache; before them where they are, and before that its length. */
const bundle = path.join(__dirname, '../bundle/commands');
/** How many digits that length has. */
const LENGTH_DIGITS = 8;
/** Modules of Node that cost milliseconds to load. Many parts name them, few commands use them. */
const COSTLY = new Set(
  'child_process crypto dns dns/promises http http2 https module net os perf_hooks readline tls tty v8 worker_threads zlib'.split(' '),
);

/** What reads parts: the bundle is open from the first on, and whatever takes its place meanwhile is for others. */
let readPart;
/** What the parts export, and their scripts, from which the build takes the code caches. */
const parts = new Map();

/** Runs the command line of this process under a name. `npm run build` makes the bundle; without it the modules run. */
async function start(program) {
  const { runProcess } = existsSync(bundle) ? loadPart('process') : await import('../dist/process.js');
  await runProcess(program);
}

/** What a part exports. It is read when it is first asked for. */
function loadPart(name) {
  const known = parts.get(name);
  if (known !== undefined) return known.exports;
  readPart ??= openBundle();
  const { source, cachedData } = readPart(name);
  const filename = path.join(path.dirname(bundle), `${name}.cjs`);
  const script = new Script(source, { filename, cachedData });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, requireForPart, module, filename);
  parts.set(name, { exports: module.exports, script });
  return module.exports;
}

function openBundle() {
  const file = openSync(bundle);
  const read = (start, length) => {
    const content = Buffer.allocUnsafeSlow(length);
    readSync(file, content, 0, length, start);
    return content;
  };
  const length = Number(read(0, LENGTH_DIGITS).latin1Slice());
  const places = JSON.parse(read(LENGTH_DIGITS, length).latin1Slice());
  return (name) => {
    const [begin, sourceLength, cacheLength] = places[name];
    const content = read(LENGTH_DIGITS + length + begin, sourceLength + cacheLength);
    // V8 ignores what another version of it made.
    return { source: content.latin1Slice(0, sourceLength), cachedData: cacheLength === 0 ? undefined : content.subarray(sourceLength) };
  };
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

module.exports = { start, bundle, LENGTH_DIGITS, loadPart, parts };
