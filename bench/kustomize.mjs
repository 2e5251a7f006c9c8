// kustomize: builds beside the real `kustomize`, found in $SLUICE_PEERS or on PATH. `node bench/kustomize.mjs [--quick]`
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { memoryTree } from '../packages/core/dist/index.js';
import { build, printBuild } from '../packages/kustomize/dist/index.js';

const REPOSITORIES = ['web', 'api', 'worker', 'cache', 'queue', 'auth', 'search', 'billing', 'mail', 'report'];
const PER_FILE = 10;

/** A base of Deployments; an overlay with a prefix, labels in selectors, ten images and patches of three sorts. */
export function largeTree(count, patches = 20) {
  const files = new Map();
  const names = [];
  for (let first = 0; first < count; first += PER_FILE) {
    const documents = [];
    for (let index = first; index < Math.min(count, first + PER_FILE); index++) documents.push(deployment(index));
    names.push(`part-${String(first / PER_FILE).padStart(5, '0')}.yaml`);
    files.set(`base/${names.at(-1)}`, documents.join('---\n'));
  }
  files.set('base/kustomization.yaml', `resources:\n${names.map((name) => `- ${name}\n`).join('')}`);
  const step = Math.floor(count / patches);
  const entries = Array.from({ length: patches }, (_, index) => patch(files, index, nameOf(index * step)));
  const images = REPOSITORIES.map(
    (name, index) => `- name: registry.example.com/${name}\n  newName: mirror.example.org/${name}\n  newTag: "9.${index}.0"\n`,
  );
  files.set(
    'overlay/kustomization.yaml',
    `resources:\n- ../base\nnamePrefix: load-\nlabels:\n- pairs:\n    env: bench\n    managed: by-overlay\n  includeSelectors: true\nimages:\n${images.join('')}patches:\n${entries.join('')}`,
  );
  return files;
}

const nameOf = (index) => `app-${String(index).padStart(5, '0')}`;

function deployment(index) {
  const name = nameOf(index);
  const port = 8000 + ((index * 37) % 1000);
  const sidecar =
    index % 3 === 0
      ? `\n      - name: proxy\n        image: registry.example.com/proxy:2.${index % 9}\n        args:\n        - --listen\n        - ":${port + 1000}"`
      : '';
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  labels:
    app.kubernetes.io/name: ${name}
    tier: ${['front', 'back', 'data'][index % 3]}
  annotations:
    example.com/owner: team-${index % 40}
spec:
  replicas: ${1 + (index % 5)}
  selector:
    matchLabels:
      app.kubernetes.io/name: ${name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: ${name}
    spec:
      serviceAccountName: default
      containers:
      - name: main
        image: registry.example.com/${REPOSITORIES[index % 10]}:1.${index % 20}.${index % 10}
        ports:
        - name: http
          containerPort: ${port}
        env:
        - name: LOG_LEVEL
          value: ${['info', 'debug', 'warn'][index % 3]}
        - name: SHARD
          value: "${index % 64}"
        resources:
          requests:
            cpu: ${10 * (1 + (index % 50))}m
            memory: ${16 * (1 + (index % 32))}Mi
        readinessProbe:
          httpGet:
            path: /ready
            port: http
        volumeMounts:
        - name: scratch
          mountPath: /scratch${sidecar}
      volumes:
      - name: scratch
        emptyDir: {}
`;
}

/** In turn: a strategic merge patch in a file, one inline, and a JSON patch with a target. */
function patch(files, index, name) {
  const object = `apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: ${name}\n`;
  if (index % 3 === 0) {
    const spec = `spec:\n  template:\n    spec:\n      containers:\n      - name: main\n        env:\n        - name: PATCHED\n          value: "${index}"\n`;
    files.set(`overlay/patch-${index}.yaml`, object + spec);
    return `- path: patch-${index}.yaml\n`;
  }
  if (index % 3 === 1) {
    const spec = `spec:\n  template:\n    spec:\n      containers:\n      - name: side\n        image: registry.example.com/side:0.${index}\n`;
    return `- patch: |-\n${(object + spec).replace(/^(?=.)/gm, '    ')}`;
  }
  return `- target:\n    kind: Deployment\n    name: ${name}\n  patch: |-\n    - op: replace\n      path: /spec/replicas\n      value: ${10 + index}\n`;
}

export function tinyTree() {
  return new Map([
    ['base/deployment.yaml', deployment(0)],
    [
      'base/service.yaml',
      `apiVersion: v1\nkind: Service\nmetadata:\n  name: ${nameOf(0)}\nspec:\n  selector:\n    app.kubernetes.io/name: ${nameOf(0)}\n  ports:\n  - port: 80\n    targetPort: http\n`,
    ],
    [
      'base/kustomization.yaml',
      'resources:\n- deployment.yaml\n- service.yaml\nconfigMapGenerator:\n- name: settings\n  literals:\n  - colour=blue\n',
    ],
    [
      'overlay/kustomization.yaml',
      'resources:\n- ../base\nnamespace: tiny\nnamePrefix: dev-\nlabels:\n- pairs:\n    env: dev\npatches:\n- path: replicas.yaml\n',
    ],
    ['overlay/replicas.yaml', `apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: ${nameOf(0)}\nspec:\n  replicas: 2\n`],
  ]);
}

/** The command as people run it. */
const sluice = fileURLToPath(new URL('../packages/cli/bin/sluice.js', import.meta.url));

const options = { reorder: 'unspecified', loadRestrictions: 'rootOnly' };

/** CPU time of the processes that have ended so far, in hundredths of a second. */
function ticks() {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ');
  return Number(fields[13]) + Number(fields[14]);
}

/** CPU seconds of a command, its output kept to see that both say the same. */
function cpuOf(command, args) {
  const before = ticks();
  const started = performance.now();
  const { stdout, status, stderr } = spawnSync(command, args, { maxBuffer: 1 << 30 });
  if (status !== 0) throw new Error(`${command} failed: ${stderr.toString()}`);
  return { cpu: (ticks() - before) / 100, wall: (performance.now() - started) / 1000, output: stdout.toString() };
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

function findPeer() {
  const places = [process.env.SLUICE_PEERS, ...(process.env.PATH ?? '').split(':')].filter(Boolean);
  return places.map((place) => join(place, 'kustomize')).find((path) => existsSync(path));
}

export async function run({ quick = false, print = console.log } = {}) {
  const tiny = memoryTree(Object.fromEntries(tinyTree()));
  for (let round = 0; round < 300; round++) printBuild(build(tiny, 'overlay', options));
  const rounds = 200;
  let started = performance.now();
  for (let round = 0; round < rounds; round++) build(tiny, 'overlay', options);
  print(`kustomize: tiny overlay, in-process, warm  ${((performance.now() - started) / rounds).toFixed(3)} ms`);

  const perObject = [];
  for (const count of quick ? [250, 1000] : [1000, 10_000]) {
    const tree = memoryTree(Object.fromEntries(largeTree(count)));
    started = performance.now();
    printBuild(build(tree, 'overlay', options));
    perObject.push((performance.now() - started) / count);
    print(`kustomize: ${count} Deployments, in-process  ${(perObject.at(-1) * 1000).toFixed(0)} µs/object`);
  }
  print(`kustomize: time per object, large to small  ${(perObject[1] / perObject[0]).toFixed(2)}`);

  const peer = findPeer();
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-kustomize-'));
  try {
    const builds = [
      { name: 'tiny overlay', files: tinyTree(), repeats: quick ? 3 : 9 },
      { name: '1,000 Deployments', files: largeTree(1000), repeats: quick ? 1 : 3 },
    ];
    for (const { name, files, repeats } of builds) {
      const root = join(directory, name.replace(/\W/g, ''));
      for (const [path, text] of files) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), text);
      }
      const own = Array.from({ length: repeats }, () => cpuOf(process.execPath, [sluice, 'kustomize', 'build', join(root, 'overlay')]));
      const theirs =
        peer === undefined || (quick && repeats === 1)
          ? []
          : Array.from({ length: repeats }, () => cpuOf(peer, ['build', join(root, 'overlay')]));
      const cpu = median(own.map((result) => result.cpu));
      const wall = median(own.map((result) => result.wall));
      let ratio = '';
      if (theirs.length > 0) {
        if (theirs[0].output !== own[0].output) throw new Error(`${name}: the output differs from kustomize's`);
        const peerCpu = median(theirs.map((result) => result.cpu));
        const peerWall = median(theirs.map((result) => result.wall));
        ratio = `  (ratio to kustomize: CPU ${(peerCpu / cpu).toFixed(1)}x, wall ${(peerWall / wall).toFixed(1)}x less)`;
      }
      print(`kustomize: ${name}, whole process  ${cpu.toFixed(2)} CPU s, ${wall.toFixed(2)} s${ratio}`);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await run({ quick: process.argv.includes('--quick') });
