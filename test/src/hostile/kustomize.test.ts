import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { execFileSync } from 'node:child_process';
import { configMap, dataOf } from '@sluice/controllers/testing';
import { gitApplication } from '../git-application.js';
import { openArena, residentMiB, type Arena } from './arena.js';

const kustomization = (text: string): string => `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n${text}`;

describe('hostile repositories', () => {
  let arena: Arena;
  before(async () => {
    arena = await openArena();
  });
  after(() => arena.close());
  afterEach(() => arena.goesOn());
  const open = (files: Readonly<Record<string, string>>, spec: object = { path: './' }) =>
    gitApplication(arena.world, files, { app: spec });

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
      const bare = arena.world.git.directoryOf(app.namespace);
      const git = (args: readonly string[], input = ''): string =>
        execFileSync('git', ['-C', bare, '-c', 'user.name=x', '-c', 'user.email=x@y', ...args], { input, encoding: 'utf8' }).trim();
      const blob = (text: string): string => git(['hash-object', '-w', '--stdin'], text);
      const tree = git(
        ['mktree'],
        `100644 blob ${blob(configMap('a', '"1"'))}\ta.yaml\n100644 blob ${blob(kustomization(`${line}\n`))}\tkustomization.yaml\n120000 blob ${blob('/etc')}\tout\n`,
      );
      git(['update-ref', 'refs/heads/main', git(['commit-tree', tree, '-p', 'main', '-m', 'link'])]);
      await arena.world.cluster.patch(
        { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository', namespace: app.namespace, name: 'repo' },
        'merge',
        { metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': 'now' } } },
      );
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

  test('21: a cycle of bases is named', async () => {
    const { failed } = await open(
      { 'a/kustomization.yaml': kustomization('resources: [../b]\n'), 'b/kustomization.yaml': kustomization('resources: [../a]\n') },
      { path: './a' },
    );
    assert.match((await failed('BuildFailed')).message, /cycle/);
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
    assert.match((await failed('BuildFailed')).message, /bomb\.yaml/);
    assert.ok(residentMiB() - resident < 400);
  });

  for (const [what, text, message] of [
    ['a key twice', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  k: "1"\n  k: "2"\n', /bad\.yaml:6/],
    ['a NUL', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  k: "\u0000"\n', /bad\.yaml/],
  ] as const) {
    test(`24: ${what}: the file and the line`, async () => {
      const { failed } = await open({ 'good.yaml': configMap('a', '"1"'), 'bad.yaml': text });
      assert.match((await failed('BuildFailed')).message, message);
    });
  }

  test('25: keys of JavaScript are data', async () => {
    const { ready, get } = await open({
      'a.yaml': configMap('a', '"1"').replace(
        '\ndata:\n',
        '\ndata:\n  __proto__: "p"\n  constructor: "c"\n  toString: "t"\n  hasOwnProperty: "h"\n',
      ),
      'kustomization.yaml': kustomization('resources: [a.yaml]\ncommonAnnotations: {constructor: x}\n'),
    });
    await ready();
    const map = await get('ConfigMap', 'a');
    const data = Object.fromEntries(Object.entries(dataOf(map) as object));
    assert.equal(JSON.stringify(Object.keys(data).sort()), '["__proto__","constructor","hasOwnProperty","toString","v"]');
    assert.equal(map?.metadata.annotations?.['constructor'], 'x');
    assert.equal(({} as Record<string, unknown>)['v'], undefined);
  });

  test('26: numbers are what the Go tools make of them', async () => {
    const { ready, get } = await open({
      'a.yaml': `apiVersion: v1
kind: ConfigMap
metadata:
  name: a
  annotations: {on: "on"}
data: {big: "9007199254740993", octal: "0o7", exponent: "1e3", underscore: "1_000", point: ".5", hex: "0x1F", yes: "on"}
`,
    });
    await ready();
    assert.deepEqual(dataOf(await get('ConfigMap', 'a')), {
      big: '9007199254740993',
      octal: '0o7',
      exponent: '1e3',
      underscore: '1_000',
      point: '.5',
      hex: '0x1F',
      yes: 'on',
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
