import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { execFileSync } from 'node:child_process';
import { createCluster } from '@sluice/kube';
import { chartFiles, configMap, createReleases, dataOf, keyOfKind } from '@sluice/controllers/testing';
import { gitApplication } from '../git-application.js';
import { looseDefinition, openArena, residentMiB, type Arena } from './arena.js';

const kustomization = (text: string): string => `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n${text}`;

describe('hostile repositories', () => {
  let arena: Arena;
  /** What is applied, as it is sent. */
  const sent: string[] = [];
  before(async () => {
    arena = await openArena();
    await arena.world.stopControllers();
    const cluster = createCluster((request) => {
      if (request.method === 'PATCH' && request.path.includes('/numbers/')) sent.push(String(request.body));
      return arena.world.embedded.fetch(request);
    });
    await arena.world.startControllers({ cluster, backoff: { firstMs: 200, longestMs: 2_000 } });
  });
  after(() => arena.close());
  afterEach(() => arena.goesOn());
  const open = (files: Readonly<Record<string, string>>, spec: object = { path: './' }) =>
    gitApplication(arena.world, files, { app: spec });
  /** For what no work tree can hold. */
  const gitOf =
    (namespace: string) =>
    (args: readonly string[], input: string | Uint8Array = ''): string => {
      const identity = ['-c', 'user.name=x', '-c', 'user.email=x@y'];
      return execFileSync('git', ['-C', arena.world.git.directoryOf(namespace), ...identity, ...args], { input, encoding: 'utf8' }).trim();
    };
  const fetchAgain = (namespace: string) =>
    arena.world.cluster.patch(keyOfKind('GitRepository', namespace, 'repo'), 'merge', {
      metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': 'now' } },
    });

  for (const path of ['../../var/run/secrets', '/var/run/secrets', './a/../../..']) {
    test(`18: the path ${path} does not leave the source`, async () => {
      const { failed } = await open({ 'a.yaml': configMap('a', '"1"') }, { path });
      const { message } = await failed('ArtifactFailed');
      assert.match(message, /not found/);
    });
  }

  for (const [what, line] of [
    ['a generator', 'configMapGenerator: [{name: a, files: [out/passwd]}]'],
    ['a patch', 'resources: [a.yaml]\npatches: [{path: out/passwd}]'],
    ['a component', 'components: [out]'],
    ['a resource', 'resources: [out/passwd]'],
  ] as const) {
    test(`19: ${what} through a link out of the root is refused`, async () => {
      const app = await open({ 'a.yaml': configMap('a', '"1"') });
      await app.ready();
      const git = gitOf(app.namespace);
      const blob = (text: string): string => git(['hash-object', '-w', '--stdin'], text);
      const tree = git(
        ['mktree'],
        `100644 blob ${blob(configMap('a', '"1"'))}\ta.yaml\n100644 blob ${blob(kustomization(`${line}\n`))}\tkustomization.yaml\n120000 blob ${blob('/etc')}\tout\n`,
      );
      git(['update-ref', 'refs/heads/main', git(['commit-tree', tree, '-p', 'main', '-m', 'link'])]);
      await fetchAgain(app.namespace);
      const { message } = await app.failed('BuildFailed');
      assert.ok(!message.includes('root:'), message);
    });
  }

  test('20: a remote base that hangs is given up in the time of the build', async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/base.yaml`;
    try {
      const app = await open({ 'kustomization.yaml': kustomization(`resources: ["${url}"]\n`) }, { path: './', timeout: '2s' });
      // Half a minute is the least that a Kustomization has.
      const isRefused = async (): Promise<boolean> =>
        (await app.kustomization()).status?.conditions?.some(({ reason }) => reason === 'BuildFailed') === true;
      await arena.world.eventually('the build is given up', isRefused, 45_000);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  test('20: a remote base that does not end is cut at the limit', async () => {
    const server = createServer((_, response) => {
      const more = (): void => {
        while (response.write(Buffer.alloc(65_536, 'a: 1\n')));
      };
      response.on('drain', more);
      more();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/base.yaml`;
    try {
      const { failed } = await open({ 'kustomization.yaml': kustomization(`resources: ["${url}"]\n`) });
      assert.match((await failed('BuildFailed')).message, /has more than 10485760 bytes/);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  test('21: a cycle of bases is named', async () => {
    const { failed } = await open(
      { 'a/kustomization.yaml': kustomization('resources: [../b]\n'), 'b/kustomization.yaml': kustomization('resources: [../a]\n') },
      { path: './a' },
    );
    assert.match((await failed('BuildFailed')).message, /cycle.*\ba\b.*\bb\b/s);
  });

  test('22: the openapi of one build has no effect on another', async () => {
    const merge = {
      'deploy.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: a, image: a}, {name: b, image: b}]
`,
    };
    const patch = `patches:
  - patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web}
      spec: {template: {spec: {containers: [{name: a, image: patched}]}}}
`;
    const schema = {
      definitions: {
        'io.k8s.api.apps.v1.Deployment': {
          type: 'object',
          'x-kubernetes-group-version-kind': [{ group: 'apps', kind: 'Deployment', version: 'v1' }],
        },
      },
    };
    const hostile = await open({
      ...merge,
      'schema.json': JSON.stringify(schema),
      'kustomization.yaml': kustomization(`resources: [deploy.yaml]\nopenapi: {path: schema.json}\n${patch}`),
    });
    await Promise.race([hostile.ready().catch(() => undefined), hostile.failed('BuildFailed').catch(() => undefined)]);
    const other = await open({ ...merge, 'kustomization.yaml': kustomization(`resources: [deploy.yaml]\n${patch}`) });
    await other.ready();
    const spec = JSON.stringify((await other.get('Deployment', 'web', 'apps/v1'))?.['spec']);
    assert.match(spec, /"image":"patched"/);
    assert.match(spec, /"image":"b"/, 'containers are merged by name');
  });

  test('23: an alias bomb hits the limit of nodes', async () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 9; level++)
      lines.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join()}]`);
    const resident = residentMiB();
    const { failed } = await open({
      'bomb.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb}\ndata:\n  ${lines.join('\n  ')}\n`,
    });
    assert.match((await failed('BuildFailed')).message, /bomb\.yaml:\d+.*nodes|nodes.*bomb\.yaml:\d+/s);
    assert.ok(residentMiB() - resident < 400);
  });

  for (const [what, text, message] of [
    ['a key twice', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  k: "1"\n  k: "2"\n', /bad\.yaml:6/],
    ['a NUL', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  k: "\u0000"\n', /bad\.yaml:5/],
    [
      'bytes that are no UTF-8',
      Buffer.from('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  k: "\xff\xfe"\n', 'latin1'),
      /bad\.yaml:5/,
    ],
    [
      'half of a character',
      Buffer.from('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  k: "\xc3"\n', 'latin1'),
      /bad\.yaml:5/,
    ],
  ] as const) {
    test(`24: ${what}: the file and the line`, async () => {
      const app = await open({ 'good.yaml': configMap('a', '"1"') });
      await app.ready();
      const git = gitOf(app.namespace);
      const [good, bad] = [configMap('a', '"2"'), text].map((content) => git(['hash-object', '-w', '--stdin'], content));
      const tree = git(['mktree'], `100644 blob ${good}\tgood.yaml\n100644 blob ${bad}\tbad.yaml\n`);
      git(['update-ref', 'refs/heads/main', git(['commit-tree', tree, '-p', 'main', '-m', 'bad'])]);
      await fetchAgain(app.namespace);
      assert.match((await app.failed('BuildFailed')).message, message);
      assert.deepEqual(dataOf(await app.get('ConfigMap', 'a')), { v: '1' }, 'nothing is written');
    });
  }

  test('25: keys of JavaScript are data', async () => {
    const { ready, get } = await open({
      'a.yaml': configMap('a', '"1"').replace(
        '\ndata:\n',
        '\ndata:\n  __proto__: "p"\n  constructor: "c"\n  toString: "t"\n  hasOwnProperty: "h"\n',
      ),
      'kustomization.yaml': kustomization(`resources: [a.yaml]
commonAnnotations: {constructor: x}
labels: [{pairs: {constructor: x, toString: text}}]
patches:
  - patch: |-
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: a}
      data: {valueOf: merged, __proto__: patched}
  - target: {kind: ConfigMap}
    patch: '[{"op": "add", "path": "/data/isPrototypeOf", "value": "added"}, {"op": "replace", "path": "/data/constructor", "value": "replaced"}]'
`),
    });
    await ready();
    const map = await get('ConfigMap', 'a');
    assert.deepEqual(sorted(dataOf(map)), [
      ['__proto__', 'patched'],
      ['constructor', 'replaced'],
      ['hasOwnProperty', 'h'],
      ['isPrototypeOf', 'added'],
      ['toString', 't'],
      ['v', '1'],
      ['valueOf', 'merged'],
    ]);
    assert.equal(map?.metadata.annotations?.['constructor'], 'x');
    assert.equal(map?.metadata.labels?.['toString'], 'text');
    assert.equal(({} as Record<string, unknown>)['v'], undefined);
  });

  test('25: and in the values and templates of a chart', async () => {
    const template = `apiVersion: v1
kind: ConfigMap
metadata: {name: keys}
data:
{{- range $key, $value := .Values.given }}
  {{ $key }}: {{ $value | quote }}
{{- end }}
  missing: {{ hasKey .Values.given "hasOwnProperty" | quote }}
  index: {{ index .Values.given "__proto__" | quote }}
  none: {{ index .Values "constructor" | quote }}
`;
    const files = chartFiles({ 'values.yaml': 'given: {__proto__: chart, toString: t}\n', 'templates/keys.yaml': template });
    const { ready, get } = await createReleases(
      arena.world,
      { '1.0.0': files },
      { app: { values: JSON.parse('{"given": {"__proto__": "release", "constructor": "c"}}') as Record<string, unknown> } },
    );
    await ready();
    assert.deepEqual(sorted(dataOf(await get('ConfigMap', 'keys'))), [
      ['__proto__', 'release'],
      ['constructor', 'c'],
      ['index', 'release'],
      ['missing', 'false'],
      ['none', ''],
      ['toString', 't'],
    ]);
  });

  test('26: numbers are what the Go tools make of them', async () => {
    await arena.world.cluster.create(looseDefinition('example.com', 'v1', 'Number'));
    const numbers = `  big: 9007199254740993
  exponent: 1e3
  hex: 0x1F
  octal: 0o7
  oldOctal: 0777
  on: on
  point: .5
  underscore: 1_000
  whole: 1.0
`;
    const { namespace, ready } = await open({
      'a.yaml': `apiVersion: example.com/v1\nkind: Number\nmetadata: {name: a}\nspec:\n${numbers}`,
      'kustomization.yaml': kustomization('resources: [a.yaml]\ncommonAnnotations: {a: b}\n'),
    });
    await ready();
    assert.equal(
      sent.find((text) => text.includes(namespace) && text.includes('"kind":"Number"'))?.match(/"spec":(\{[^}]*\})/)?.[1],
      '{"big":9007199254740993,"exponent":1000,"hex":31,"octal":7,"oldOctal":511,"on":"on","point":0.5,"underscore":1000,"whole":1}',
    );
    // Helm reads values by way of JSON, and so has floating point.
    const template =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: numbers}\ndata:\n{{- range $key, $value := .Values.numbers }}\n  "{{ $key }}": "{{ $value }}"\n{{- end }}\n';
    const chart = await createReleases(arena.world, {
      '1.0.0': chartFiles({ 'values.yaml': `numbers:\n${numbers}`, 'templates/numbers.yaml': template }),
    });
    await chart.ready();
    assert.deepEqual(dataOf(await chart.get('ConfigMap', 'numbers')), {
      big: '9.007199254740992e+15',
      exponent: '1000',
      hex: '31',
      octal: '7',
      oldOctal: '511',
      true: 'true',
      point: '0.5',
      underscore: '1000',
      whole: '1',
    });
  });

  test('27: of 10,000 documents the bad one is named', async () => {
    const documents = Array.from({ length: 10_000 }, (_, index) => configMap(`c${index}`, '"1"'));
    documents[7_777] = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [}\n';
    const line = documents.slice(0, 7_777).join('---\n').split('\n').length;
    const { failed } = await open({ 'many.yaml': documents.join('---\n') });
    const { message } = await failed('BuildFailed');
    const named = Number(/many\.yaml:(\d+)/.exec(message)?.[1]);
    assert.ok(Math.abs(named - line) < 5, `${message}; the document is at line ${line}`);
  });

  test('28: a regular expression that explodes takes no time', async () => {
    const { ready } = await open({
      'a.yaml': configMap(`a${'a'.repeat(200)}`, '"1"'),
      'kustomization.yaml': kustomization(
        'resources: [a.yaml]\npatches:\n  - target: {kind: ConfigMap, name: "(a+)+!"}\n    patch: "[]"\n',
      ),
    });
    await ready();
  });

  test('28: neither in the filter of tags, nor in a chart', async () => {
    const repository = 'hostile/expressions';
    await arena.world.web.push(repository, ['a'.repeat(100)], { 'a.yaml': configMap('a', '"1"') });
    const source = await arena.source('OCIRepository', {
      url: `oci://${arena.world.web.host}/${repository}`,
      ref: { semver: '*', semverFilter: '^(a+)+!$' },
    });
    await source.refused(/no match found for semver|no tags/i);
    const template =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {m: {{ regexMatch "^(a+)+!$" (repeat 10000 "a") | quote }}}\n';
    const { ready, get } = await createReleases(arena.world, { '1.0.0': chartFiles({ 'templates/m.yaml': template }) });
    await ready();
    assert.deepEqual(dataOf(await get('ConfigMap', 'm')), { m: 'false' });
  });

  test('29: CEL that costs too much is a budget error', async () => {
    const list = `[${Array.from({ length: 100 }, (_, index) => index).join()}]`;
    const readyExpr = `${list}.all(a, ${list}.all(b, ${list}.all(c, ${list}.all(d, a + b + c + d >= 0))))`;
    const app = await open({ 'a.yaml': configMap('a', '"1"') });
    await app.ready();
    await app.apply('costly', { path: './', dependsOn: [{ name: 'app', readyExpr }] });
    const { message } = await arena.world.eventually('it is refused', async () => {
      const now = await app.condition('Ready', 'costly');
      return now?.status === 'False' && now;
    });
    assert.match(message, /cost|budget|limit/i);
  });

  for (const [what, value] of [
    ['undefined', '${undefined_one}'],
    ['a recursive', '${a:=${a:=${undefined_one}}}'],
  ] as const) {
    test(`30: ${what} variable is an error with its name and place`, async () => {
      const { failed } = await open({ 'a.yaml': configMap('a', `"${value}"`) }, { path: './', postBuild: { substitute: { other: 'x' } } });
      const { message } = await Promise.any(['BuildFailed', 'PostBuildFailed'].map((reason) => failed(reason)));
      assert.match(message, /undefined_one|"a"/);
      assert.match(message, /a\.yaml|ConfigMap/);
    });
  }
});

/** Keys with their values, in an order that none of them can change. */
function sorted(data: unknown): [string, unknown][] {
  return Object.entries(data as object).sort(([a], [b]) => (a < b ? -1 : 1));
}
