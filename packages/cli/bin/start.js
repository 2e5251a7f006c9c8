'use strict';
// How the commands start. What they cost before they do anything is most of what a short one costs, so: one bundle in the
// place of hundreds of modules, compiled when it was built, and no module loader but the one that Node has loaded anyway.
const { existsSync, readFileSync } = require('node:fs');
const path = require('node:path');
const { Script, constants } = require('node:vm');

const folder = path.join(__dirname, '../bundle');
/** The length of the comment with the name of the build, which begins the bundle and its code cache. */
const BUILD_LENGTH = 68;

/** Runs the command line of this process under a name. `npm run build` makes the bundle; without it the modules run. */
async function start(program) {
  const { runProcess } = existsSync(filesOf('process').bundle) ? loadBundle('process').exports : await import('../dist/process.js');
  await runProcess(program);
}

/** A bundle and its code cache: `process`, the command line, and `cluster`, what runs the embedded API server. */
function filesOf(name) {
  return { bundle: path.join(folder, `${name}.cjs`), cache: path.join(folder, `${name}.cache`) };
}

/** The exports of a bundle, and its script, from which the build takes the code cache. */
function loadBundle(name) {
  const { bundle, cache } = filesOf(name);
  const source = readFileSync(bundle, 'latin1');
  const script = new Script(source, {
    filename: bundle,
    cachedData: readCodeCache(cache, source.slice(0, BUILD_LENGTH)),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, require, module, bundle);
  return { exports: module.exports, script };
}

/** What V8 made of the bundle; nothing if it is of another build. V8 itself ignores what another version made. */
function readCodeCache(cache, build) {
  if (!existsSync(cache)) return undefined;
  const content = readFileSync(cache);
  return content.latin1Slice(0, BUILD_LENGTH) === build ? content.subarray(BUILD_LENGTH) : undefined;
}

module.exports = { start, loadBundle, filesOf };
