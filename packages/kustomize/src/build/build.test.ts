import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { SluiceError, directoryTree, memoryTree, recordingTree, type FileTree, type KubeObject } from '@sluice/core';
import { build, generateKustomization, printBuild, type BuildOptions } from '../index.js';

const configMap = (name: string, data = 'a: b'): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  ${data}\n`;

function buildFiles(files: Readonly<Record<string, string>>, path = '.', options: BuildOptions = {}): readonly KubeObject[] {
  return build(memoryTree(files), path, options).objects;
}

const removeData = '[{"op": "remove", "path": "/data"}]';

interface ExpectedFailure {
  readonly reason: string;
  readonly message?: RegExp;
  readonly file?: string;
  readonly line?: number;
}

function fails(run: () => unknown, { reason, message, file, line }: ExpectedFailure): void {
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof SluiceError, String(error));
    assert.equal(error.reason, reason, error.message);
    if (message !== undefined) assert.match(error.message, message);
    if (file !== undefined) assert.equal(error.place.file, file, error.message);
    if (line !== undefined) assert.equal(error.place.line, line, error.message);
    return true;
  });
}

test('bad input names the file, the line and what is wrong', async (t) => {
  const cases: Record<string, { files: Record<string, string>; path?: string; options?: BuildOptions; expected: ExpectedFailure }> = {
    'no kustomization': { files: { 'a.txt': '' }, expected: { reason: 'FileNotFound', message: /unable to find one of/ } },
    'two kustomizations': {
      files: { 'kustomization.yaml': '', Kustomization: '' },
      expected: { reason: 'KustomizationInvalid', message: /Found multiple kustomization files/ },
    },
    'an empty kustomization': {
      files: { 'kustomization.yaml': '{}' },
      expected: { reason: 'KustomizationInvalid', message: /kustomization.yaml is empty/, file: 'kustomization.yaml' },
    },
    'an unknown field': {
      files: { 'kustomization.yaml': 'namespace: a\nresourcess: []\n' },
      expected: { reason: 'KustomizationInvalid', message: /json: unknown field "resourcess"/, file: 'kustomization.yaml', line: 2 },
    },
    'a field of the wrong type': {
      files: { 'kustomization.yaml': 'namespace: a\nimages:\n- name: x\n  newTag: 1.10\n' },
      expected: {
        reason: 'KustomizationInvalid',
        message: /cannot unmarshal number into Go struct field Image\.images\.newTag of type string/,
        file: 'kustomization.yaml',
        line: 4,
      },
    },
    'a missing resource': {
      files: { 'kustomization.yaml': 'resources:\n- a.yaml\n- nope.yaml\n', 'a.yaml': configMap('a') },
      expected: { reason: 'FileNotFound', message: /nope\.yaml: no such file or directory/, file: 'kustomization.yaml', line: 3 },
    },
    'a path out of the tree': {
      files: { 'kustomization.yaml': 'resources:\n- ../../var/run/secrets\n' },
      expected: { reason: 'PathEscapes', file: 'kustomization.yaml', line: 2 },
    },
    'a generator file out of the tree': {
      files: { 'app/kustomization.yaml': 'configMapGenerator:\n- name: a\n  files: [../../etc/passwd]\n' },
      path: 'app',
      expected: { reason: 'PathEscapes', file: 'app/kustomization.yaml', line: 2 },
    },
    'a file that the restrictions exclude': {
      files: { 'app/kustomization.yaml': 'resources: [../b.yaml]', 'b.yaml': configMap('b') },
      path: 'app',
      options: { loadRestrictions: 'rootOnly' },
      expected: {
        reason: 'PathEscapes',
        message: /security; file '.\/b.yaml' is not in or below '.\/app'/,
        file: 'app/kustomization.yaml',
      },
    },
    'a cycle of bases': {
      files: {
        'a/kustomization.yaml': 'resources: [../b]',
        'b/kustomization.yaml': 'resources: [../c]',
        'c/kustomization.yaml': 'namespace: x\nresources:\n- ../a\n',
      },
      path: 'a',
      expected: { reason: 'BaseCycle', message: /\.\/a -> \.\/b -> \.\/c -> \.\/a/, file: 'c/kustomization.yaml', line: 3 },
    },
    'a base of itself': {
      files: { 'a/kustomization.yaml': 'resources: [.]' },
      path: 'a',
      expected: { reason: 'BaseCycle', message: /cycle detected/ },
    },
    'a base listed twice': {
      files: {
        'kustomization.yaml': 'resources: [base, ./base]',
        'base/kustomization.yaml': 'resources: [a.yaml]',
        'base/a.yaml': configMap('a'),
      },
      expected: {
        reason: 'ResourceConflict',
        message: /already registered id: ConfigMap\.v1\.\[noGrp\]\/a\.\[noNs\]/,
        file: 'base/a.yaml',
        line: 1,
      },
    },
    'generators that conflict': {
      files: { 'kustomization.yaml': 'configMapGenerator:\n- name: a\n  literals: [x=1]\n- name: a\n  literals: [x=2]\n' },
      expected: { reason: 'ResourceConflict', message: /behavior must be merge or replace/, file: 'kustomization.yaml', line: 4 },
    },
    'a generator with a key twice': {
      files: { 'kustomization.yaml': 'configMapGenerator:\n- name: a\n  literals: [x=1, x=2]\n' },
      expected: { reason: 'KustomizationInvalid', message: /illegally repeats the key `x`/, file: 'kustomization.yaml', line: 2 },
    },
    'a patch for nothing': {
      files: {
        'kustomization.yaml': 'resources: [a.yaml]\npatches:\n- path: p.yaml\n',
        'a.yaml': configMap('a'),
        'p.yaml': `---\n${configMap('b')}`,
      },
      expected: { reason: 'PatchTargetNotFound', message: /no resource matches strategic merge patch "ConfigMap/, file: 'p.yaml' },
    },
    'a patch for several': {
      files: {
        'kustomization.yaml': `resources: [one, two]\npatches:\n- patch: |-\n${configMap('a').replace(/^/gm, '    ')}`,
        'one/kustomization.yaml': 'resources: [a.yaml]\nnamePrefix: x-\n',
        'one/a.yaml': configMap('a'),
        'two/kustomization.yaml': 'resources: [a.yaml]\nnamePrefix: y-\n',
        'two/a.yaml': configMap('a'),
      },
      expected: { reason: 'PatchTargetNotFound', message: /multiple matches for Id ConfigMap/, file: 'kustomization.yaml', line: 3 },
    },
    'a JSON patch without a target': {
      files: {
        'kustomization.yaml': 'resources: [a.yaml]\npatches:\n- patch: |-\n    - {op: remove, path: /data}\n',
        'a.yaml': configMap('a'),
      },
      expected: { reason: 'PatchInvalid', message: /must specify a target for JSON patch/, file: 'kustomization.yaml', line: 3 },
    },
    'a target that is no regular expression': {
      files: {
        'kustomization.yaml': `resources: [a.yaml]\npatches:\n- target: {name: '('}\n  patch: '${removeData}'\n`,
        'a.yaml': configMap('a'),
      },
      expected: { reason: 'RegexInvalid', file: 'kustomization.yaml', line: 3 },
    },
    'an image that is no regular expression': {
      files: { 'kustomization.yaml': "images:\n- name: 'a['\n  newTag: x\n" },
      expected: { reason: 'RegexInvalid', message: /image name "a\["/, file: 'kustomization.yaml', line: 1 },
    },
    'a selector that does not parse': {
      files: {
        'kustomization.yaml': `resources: [a.yaml]\npatches:\n- target: {labelSelector: 'a in b'}\n  patch: '${removeData}'\n`,
        'a.yaml': configMap('a'),
      },
      expected: { reason: 'SelectorInvalid', file: 'kustomization.yaml', line: 3 },
    },
    'a key twice': {
      files: { 'kustomization.yaml': 'resources: [a.yaml]', 'a.yaml': `${configMap('z')}---\n${configMap('a', 'x: 1\n  x: 2')}` },
      expected: { reason: 'YamlInvalid', message: /mapping key "x" already defined/, file: 'a.yaml', line: 14 },
    },
    'a key that is no string': {
      files: { 'kustomization.yaml': 'resources: [a.yaml]', 'a.yaml': configMap('a', '80: x') },
      expected: { reason: 'YamlInvalid', message: /the key `80` is a !!int/, file: 'a.yaml', line: 6 },
    },
    'one bad document of many': {
      files: {
        'kustomization.yaml': 'resources: [a.yaml]',
        'a.yaml': Array.from({ length: 2000 }, (_, index) => (index === 1500 ? 'kind: [\n' : configMap(`a-${index}`))).join('---\n'),
      },
      expected: { reason: 'YamlInvalid', message: /a\.yaml/, file: 'a.yaml' },
    },
    'an object without a name': {
      files: { 'kustomization.yaml': 'resources: [a.yaml]', 'a.yaml': 'apiVersion: v1\nkind: ConfigMap\n' },
      expected: { reason: 'ManifestInvalid', message: /missing metadata\.name in object/, file: 'a.yaml', line: 1 },
    },
    'a plugin that would have to run': {
      files: { 'kustomization.yaml': 'transformers: [t.yaml]', 't.yaml': 'apiVersion: example.com/v1\nkind: Run\nmetadata: {name: x}\n' },
      expected: { reason: 'BuildRefused', message: /external plugins disabled/, file: 't.yaml', line: 1 },
    },
    'a remote base': {
      files: { 'kustomization.yaml': 'namespace: x\nresources:\n- https://github.com/org/repo//base?ref=v1\n' },
      expected: { reason: 'BuildRefused', message: /remote bases are off/, file: 'kustomization.yaml', line: 3 },
    },
    'a chart where Helm is off': {
      files: { 'kustomization.yaml': 'helmCharts:\n- name: podinfo\n' },
      expected: { reason: 'BuildRefused', message: /helmCharts are off/, file: 'kustomization.yaml', line: 2 },
    },
    'a reference with two answers': {
      files: {
        'kustomization.yaml': 'resources: [crb.yaml, one, two]',
        'crb.yaml':
          'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\nsubjects: [{kind: ServiceAccount, name: a}]\n',
        'one/kustomization.yaml': 'resources: [a.yaml]\nnamespace: first\n',
        'one/a.yaml': 'apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\n',
        'two/kustomization.yaml': 'resources: [a.yaml]\nnamespace: second\n',
        'two/a.yaml': 'apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\n',
      },
      expected: { reason: 'ReferenceAmbiguous', message: /found multiple possible referrals: ServiceAccount/ },
    },
  };
  for (const [name, { files, path, options, expected }] of Object.entries(cases)) {
    await t.test(name, () => fails(() => buildFiles(files, path, options), expected));
  }
});

test('a file that is not UTF-8 is refused with its line', () => {
  const bytes = Buffer.from(`${configMap('a')}  c: \u{fffd}\n`.replace('\u{fffd}', '\xff'), 'latin1');
  const tree = memoryTree({ 'kustomization.yaml': 'resources: [a.yaml]', 'a.yaml': bytes });
  fails(() => build(tree, '.'), { reason: 'YamlInvalid', message: /UTF-8/, file: 'a.yaml', line: 7 });
});

test('symbolic links out of the tree are refused, wherever they are named', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'sluice-kustomize-'));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'tree/out'), { recursive: true });
  writeFileSync(join(root, 'secret.yaml'), configMap('secret'));
  mkdirSync(join(root, 'base'));
  writeFileSync(join(root, 'base/kustomization.yaml'), 'resources: []\nnamePrefix: x-\n');
  symlinkSync(join(root, 'secret.yaml'), join(root, 'tree/link.yaml'));
  symlinkSync(join(root, 'base'), join(root, 'tree/base'));
  for (const field of [
    'resources: [link.yaml]',
    'resources: [base]',
    'components: [base]',
    'patches: [{path: link.yaml}]',
    'configMapGenerator: [{name: a, files: [link.yaml]}]',
    'configMapGenerator: [{name: a, envs: [link.yaml]}]',
    'transformers: [link.yaml]',
    'crds: [link.yaml]',
    'configurations: [link.yaml]',
    'replacements: [{path: link.yaml}]',
    'openapi: {path: link.yaml}',
  ]) {
    writeFileSync(join(root, 'tree/kustomization.yaml'), `${field}\n`);
    await t.test(field, () =>
      fails(() => build(directoryTree(join(root, 'tree')), '.'), { reason: 'PathEscapes', file: 'kustomization.yaml', line: 1 }),
    );
  }
});

test('symbolic links inside of the tree are followed before anything is decided', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'sluice-kustomize-'));
  t.after(() => rmSync(root, { recursive: true }));
  const write = (path: string, text: string): void => {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const link = (target: string, path: string): void => {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    symlinkSync(target, join(root, path));
  };
  write('base/a.yaml', configMap('a'));
  write('base/kustomization.yaml', 'resources: [a.yaml]\n');
  write('other/over/kustomization.yaml', 'resources: [../there]\n');
  link('../base', 'other/there');
  const run = (directory: string): unknown[] =>
    build(directoryTree(root), directory, { loadRestrictions: 'rootOnly' }).objects.map(({ metadata }) => metadata.name);

  await t.test('a file elsewhere is not in the directory', () => {
    write('file/kustomization.yaml', 'resources: [link.yaml]\n');
    link('../base/a.yaml', 'file/link.yaml');
    fails(() => run('file'), { reason: 'PathEscapes', file: 'file/kustomization.yaml', line: 1, message: /security; file/ });
  });
  await t.test('nor is one behind a linked directory', () => {
    write('inside/kustomization.yaml', 'configMapGenerator: [{name: x, files: [base/a.yaml]}]\n');
    link('../base', 'inside/base');
    fails(() => run('inside'), { reason: 'PathEscapes', file: 'inside/kustomization.yaml', line: 1 });
  });
  await t.test('nor is a kustomization', () => {
    link('../base/kustomization.yaml', 'none/kustomization.yaml');
    fails(() => run('none'), { reason: 'FileNotFound', message: /unable to find one of/, file: 'none' });
  });
  await t.test('a file of the same directory is', () => {
    write('same/kustomization.yaml', 'resources: [link.yaml]\n');
    write('same/a.yaml', configMap('a'));
    link('a.yaml', 'same/link.yaml');
    assert.deepEqual(run('same'), ['a']);
  });
  await t.test('a base may be a link, and its paths lead from where it really is', () => {
    write('app/kustomization.yaml', 'resources: [over]\n');
    link('../other/over', 'app/over');
    assert.deepEqual(run('app'), ['a']);
  });
  await t.test('a circle is one', () => {
    write('circle/kustomization.yaml', 'resources: [sub]\n');
    write('circle/sub/kustomization.yaml', 'resources: [up]\n');
    link('..', 'circle/sub/up');
    fails(() => run('circle'), { reason: 'BaseCycle', message: /candidate root '.\/circle' contains visited root/ });
  });
  await t.test('a generated kustomization does not go into linked directories', () => {
    write('plain/a.yaml', configMap('a'));
    link('..', 'plain/up');
    link('.', 'plain/again');
    assert.deepEqual(generateKustomization(directoryTree(root), 'plain')['resources'], ['./a.yaml']);
  });
});

test('a file of 100 MB is refused at once', () => {
  const tree = memoryTree({ 'kustomization.yaml': 'resources: [a.yaml]', 'a.yaml': new Uint8Array(100 * 1024 * 1024).fill(97) });
  const started = performance.now();
  fails(() => build(tree, '.'), { reason: 'YamlTooComplex', file: 'a.yaml' });
  assert.ok(performance.now() - started < 5000);
});

test('aliases that multiply are refused in bounded time', () => {
  const levels = Array.from(
    { length: 30 },
    (_, level) =>
      `  l${level}: &l${level} [${Array(10)
        .fill(level === 0 ? 'x' : `*l${level - 1}`)
        .join(', ')}]`,
  );
  const files = { 'kustomization.yaml': 'resources: [a.yaml]', 'a.yaml': `${configMap('a')}extra:\n${levels.join('\n')}\n` };
  const started = performance.now();
  fails(() => buildFiles(files), { reason: 'YamlTooComplex', file: 'a.yaml' });
  assert.ok(performance.now() - started < 5000);
});

test('regular expressions that explode elsewhere take linear time', () => {
  const evil = '(a+)+$';
  const kustomization = `resources: [a.yaml]\nimages:\n- name: '${evil}'\n  newTag: x\npatches:\n- target: {name: '${evil}'}\n  patch: '${removeData}'\n`;
  const started = performance.now();
  buildFiles({ 'kustomization.yaml': kustomization, 'a.yaml': configMap(`${'a'.repeat(60)}b`) });
  assert.ok(performance.now() - started < 2000);
});

/** The entries of an object by key, `__proto__` among them. */
function entries(value: unknown): unknown {
  return Object.entries(value as Record<string, unknown>).sort(([a], [b]) => (a < b ? -1 : 1));
}

function specOf(files: Record<string, string>): unknown {
  return buildFiles(files)[0]!['spec'];
}

test('names of Object.prototype are plain keys', () => {
  const files = {
    'kustomization.yaml':
      'resources: [a.yaml]\ncommonAnnotations: {constructor: c, __proto__: p}\nlabels:\n- pairs: {toString: t}\npatches:\n- patch: |-\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: a}\n    data: {__proto__: patched, valueOf: v}\n',
    'a.yaml': configMap('a', '__proto__: x\n  hasOwnProperty: y'),
  };
  const [object] = buildFiles(files);
  assert.deepEqual(entries(object!['data']), [
    ['__proto__', 'patched'],
    ['hasOwnProperty', 'y'],
    ['valueOf', 'v'],
  ]);
  assert.deepEqual(entries(object!.metadata.annotations), [
    ['__proto__', 'p'],
    ['constructor', 'c'],
  ]);
  assert.deepEqual(entries(object!.metadata.labels), [['toString', 't']]);
});

test('the schema and definitions of one build do not reach another', () => {
  const thing = 'apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\nspec: {list: [{k: a, v: 1}]}\n';
  const patch =
    'patches:\n- patch: |-\n    apiVersion: example.com/v1\n    kind: Thing\n    metadata: {name: t}\n    spec: {list: [{k: b, v: 2}]}\n';
  const list = { type: 'array', items: { type: 'object' }, 'x-kubernetes-patch-strategy': 'merge', 'x-kubernetes-patch-merge-key': 'k' };
  const schema = {
    definitions: {
      Thing: {
        properties: { spec: { properties: { list } } },
        'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'Thing' }],
      },
    },
  };
  const plain = { 'kustomization.yaml': `resources: [t.yaml]\n${patch}`, 't.yaml': thing };
  const withSchema = {
    ...plain,
    'kustomization.yaml': `openapi: {path: s.json}\n${plain['kustomization.yaml']}`,
    's.json': JSON.stringify(schema),
  };
  assert.deepEqual(specOf(plain), { list: [{ k: 'b', v: 2 }] });
  assert.deepEqual(specOf(withSchema), {
    list: [
      { k: 'b', v: 2 },
      { k: 'a', v: 1 },
    ],
  });
  assert.deepEqual(specOf(plain), { list: [{ k: 'b', v: 2 }] });
});

test('a schema of the user adds to the built-in one where asked for', () => {
  const deployment =
    'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {template: {spec: {containers: [{name: a, image: x}]}}}\n';
  const files = {
    'kustomization.yaml': `openapi: {path: s.json}\nresources: [d.yaml]\npatches:\n- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: d}\n    spec: {template: {spec: {containers: [{name: b}]}}}\n`,
    'd.yaml': deployment,
    's.json': '{"definitions": {}}',
  };
  const names = (options: BuildOptions): unknown => {
    const [object] = buildFiles(files, '.', options) as unknown as [{ spec: { template: { spec: { containers: { name: string }[] } } } }];
    return object.spec.template.spec.containers.map(({ name }) => name);
  };
  assert.deepEqual(names({}), ['b']);
  assert.deepEqual(names({ keepBuiltInSchema: true }), ['b', 'a']);
});

test('resources come in the order in which they are listed, or by kind', () => {
  const files = {
    'kustomization.yaml': 'resources: [a.yaml]',
    'a.yaml': `${configMap('b')}---\n${configMap('a')}---\napiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n`,
  };
  const names = (reorder: 'none' | 'legacy' | 'unspecified'): unknown =>
    buildFiles(files, '.', { reorder }).map(({ metadata }) => metadata.name);
  assert.deepEqual(names('none'), ['b', 'a', 'n']);
  assert.deepEqual(names('legacy'), ['n', 'a', 'b']);
  assert.deepEqual(names('unspecified'), ['n', 'a', 'b']);
});

test('every object says where it comes from', () => {
  const tree = memoryTree({
    'app/kustomization.yaml': 'resources: [../base, a.yaml]\nconfigMapGenerator:\n- name: g\n  literals: [x=1]\n',
    'app/a.yaml': `# first\n---\n${configMap('a')}---\n${configMap('b')}`,
    'base/kustomization.yaml': 'resources: [c.yaml]\n',
    'base/c.yaml': configMap('c'),
  });
  const { objects, origins } = build(tree, 'app');
  assert.deepEqual(
    objects.map(({ metadata }, index) => [metadata.name?.replace(/^g-.*/, 'g'), origins[index]]),
    [
      ['c', { file: 'base/c.yaml', line: 1 }],
      ['a', { file: 'app/a.yaml', line: 3 }],
      ['b', { file: 'app/a.yaml', line: 10 }],
      ['g', { file: 'app/kustomization.yaml' }],
    ],
  );
});

test('a build reads only what it needs', () => {
  const tree = recordingTree(
    memoryTree({
      'app/kustomization.yaml': 'resources: [a.yaml]',
      'app/a.yaml': configMap('a'),
      'other/b.yaml': configMap('b'),
    }),
  );
  build(tree, 'app');
  assert.deepEqual([...tree.reads.files], ['app/kustomization.yaml', 'app/a.yaml']);
});

test('a directory without a kustomization gets one, sub-directories with one are taken as such', () => {
  const tree: FileTree = memoryTree({
    'apps/b.yml': configMap('b'),
    'apps/a/deep/a.yaml': configMap('a'),
    'apps/kept/kustomization.yaml': 'resources: [k.yaml]\nnamePrefix: k-\n',
    'apps/kept/k.yaml': configMap('k'),
    'apps/kept/skipped.yaml': configMap('skipped'),
    'apps/README.md': 'no manifest',
  });
  const generated = generateKustomization(tree, 'apps');
  assert.deepEqual(generated['resources'], ['./a/deep/a.yaml', './b.yml', './kept']);
  const { objects } = build(tree, 'apps', { rootKustomization: (existing) => existing ?? { ...generated, namespace: 'team' } });
  assert.deepEqual(
    objects.map(({ metadata }) => [metadata.namespace, metadata.name]),
    [
      ['team', 'a'],
      ['team', 'b'],
      ['team', 'k-k'],
    ],
  );
});

test('a root kustomization can be read as Flux reads it', () => {
  const files = { 'kustomization.yaml': 'resources: [a.yaml]\nunknown: 1\nimages:\n- name: x\n  newTag: 1.5\n', 'a.yaml': configMap('a') };
  const { objects, warnings } = build(memoryTree(files), '.', { lenientRoot: true });
  assert.equal(objects.length, 1);
  assert.match(warnings[0] ?? '', /unknown field "unknown" in kustomization.yaml is ignored/);
});

test('a repository fetched beforehand is a base like any other, and can not read beyond itself', () => {
  const url = 'https://github.com/org/repo//base?ref=v1';
  const repository = (base: Record<string, string>): BuildOptions => ({
    remotes: { file: () => undefined, repository: (wanted) => (wanted === url ? { tree: memoryTree(base), path: 'base' } : undefined) },
  });
  const files = { 'kustomization.yaml': `resources:\n- ${url}\nnamePrefix: p-\n` };
  const objects = buildFiles(files, '.', repository({ 'base/kustomization.yaml': 'resources: [a.yaml]', 'base/a.yaml': configMap('a') }));
  assert.deepEqual(
    objects.map(({ metadata }) => metadata.name),
    ['p-a'],
  );
  const escaping = repository({ 'base/kustomization.yaml': 'resources: [../a.yaml]', 'a.yaml': configMap('a') });
  fails(() => buildFiles(files, '.', escaping), { reason: 'PathEscapes', message: /security; file/ });
});

test('charts are rendered by who can, with the values of the kustomization', () => {
  const files = {
    'app/kustomization.yaml':
      'namespace: team\nhelmCharts:\n- name: podinfo\n  releaseName: r\n  valuesInline: {replicas: 3, image: null}\n  additionalValuesFiles: [more.yaml]\n',
    'app/charts/podinfo/values.yaml': 'replicas: 1\nimage: x\nkept: true\n',
    'app/more.yaml': 'extra: 1\n',
  };
  const objects = buildFiles(files, 'app', {
    helm({ chart, chartDirectory, values }) {
      assert.equal(chartDirectory, 'app/charts/podinfo');
      assert.equal(chart.namespace, 'team');
      assert.deepEqual(values, [{ replicas: 3, kept: true }, { extra: 1 }]);
      return `---\n${configMap('rendered')}`;
    },
  });
  // Helm has set the namespace where it wanted one.
  assert.deepEqual(
    objects.map(({ metadata }) => [metadata.name, metadata.namespace]),
    [['rendered', undefined]],
  );
});

test('what kustomize prints reads back as the same objects', () => {
  const { objects } = build(
    memoryTree({ 'kustomization.yaml': 'configMapGenerator:\n- name: a\n  literals: ["n=1", "t=yes", "e="]\n' }),
    '.',
  );
  assert.match(printBuild({ objects }), /data:\n {2}e: ""\n {2}"n": "1"\n {2}t: "yes"\n/);
});

test('old fields are warned about', () => {
  const { warnings } = build(
    memoryTree({ 'kustomization.yaml': 'commonLabels: {a: b}\nbases: []\nresources: [a.yaml]\n', 'a.yaml': configMap('a') }),
    '.',
  );
  assert.deepEqual(
    warnings.map((warning) => /'(\w+)' is deprecated/.exec(warning)?.[1]),
    ['bases', 'commonLabels'],
  );
});
