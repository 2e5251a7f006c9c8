import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { memoryTree, type FileTree } from '@sluice/core';
import { loadChartArchive, unpackChart } from '@sluice/helm';
import { createHelmRepository } from '../helm-repository/client.js';
import { listen } from '../testing/https-server.js';
import { findProgram, memoryRegistry } from '../testing/registry.js';
import { makeWorkspace } from '../testing/repository.js';
import { createOciClient } from '../oci/client.js';
import { ChartBuildError, chartBuildSummary, type ChartBuild, type ChartBuildStage } from './build.js';
import { buildLocalChart, type LocalChartOptions } from './local.js';
import { ociCharts } from './oci-charts.js';
import { packageChart } from './package.js';
import { buildRemoteChart } from './remote.js';
import { httpCharts, type ChartRepository } from './repository.js';

const workspace = makeWorkspace();
after(() => workspace.remove());

const files = {
  'charts/demo/Chart.yaml': 'apiVersion: v2\nname: demo\nversion: 0.9.0\n# a comment\nkeywords: [a]\n',
  'charts/demo/values.yaml': 'replicas: 1\nimage: {name: a, tag: x}\n',
  'charts/demo/templates/cm.yaml': 'kind: ConfigMap\n',
  'charts/demo/README.md': 'hello\n',
  'charts/demo/.helmignore': '*.bak\n',
  'charts/demo/old.bak': 'gone\n',
  'prod.yaml': 'replicas: 3\nimage: {tag: z}\n',
  'more/eu.yaml': 'image: {name: eu}\nlarge: 1000000\n',
};

const nowhere: LocalChartOptions = {
  repositories: (url) => {
    throw new Error(`nothing is asked of ${url}`);
  },
};

/** A failed build, by its stage and message. */
const failingIn = (stage: ChartBuildStage, message: RegExp, isPersistent?: boolean) => (error: unknown) => {
  assert(error instanceof ChartBuildError, String(error));
  assert.equal(error.stage, stage, error.message);
  assert.match(error.message, message);
  if (isPersistent !== undefined) assert.equal(error.isPersistent, isPersistent);
  return true;
};

const build = (more: Readonly<Record<string, string>> = {}, options: Partial<LocalChartOptions> = {}, path = 'charts/demo') =>
  buildLocalChart(memoryTree({ ...files, ...more }), path, { ...nowhere, ...options });
const contentOf = ({ archive = new Uint8Array() }: ChartBuild): Record<string, string> =>
  Object.fromEntries(unpackChart(archive).map(({ name, data }) => [name, Buffer.from(data).toString()]));

describe('a chart of a tree', () => {
  test('is packaged without what .helmignore names, and the same bytes each time', async () => {
    const first = await build();
    assert.deepEqual(Object.keys(contentOf(first)), ['Chart.yaml', 'values.yaml', 'templates/cm.yaml', '.helmignore', 'README.md']);
    assert.equal(contentOf(first)['Chart.yaml'], 'apiVersion: v2\nkeywords:\n- a\nname: demo\nversion: 0.9.0\n');
    assert.deepEqual((await build()).archive, first.archive);
    assert.equal(chartBuildSummary(first), "packaged 'demo' chart with version '0.9.0'");
  });

  test('has the metadata of its build in its version', async () => {
    const built = await build({}, { versionMetadata: '0123456789ab.4' });
    assert.equal(built.version, '0.9.0+0123456789ab.4');
    assert.equal(loadChartArchive(built.archive ?? new Uint8Array()).metadata.version, '0.9.0+0123456789ab.4');
    await assert.rejects(build({}, { versionMetadata: 'a_b' }), failingIn('MetadataPatchError', /invalid metadata string/, true));
  });

  test('gets the values of files of the tree, merged', async () => {
    const built = await build({}, { valuesFiles: ['charts/demo/values.yaml', './prod.yaml', '../../more/eu.yaml'], versionMetadata: '2' });
    assert.equal(contentOf(built)['values.yaml'], 'image:\n  name: eu\n  tag: z\nlarge: 1000000\nreplicas: 3\n');
    assert.equal(
      chartBuildSummary(built),
      "packaged 'demo' chart with version '0.9.0+2' and merged values files [charts/demo/values.yaml ./prod.yaml ../../more/eu.yaml]",
    );
    // The chart's own file alone changes nothing.
    assert.deepEqual((await build({}, { valuesFiles: ['./values.yaml'] })).valuesFiles, []);
  });

  test('misses values files loudly, unless it may not', async () => {
    const missing = failingIn(
      'ValuesFilesError',
      /^values files merge error: no values file found at path '\/nope.yaml' \(reference 'nope.yaml'\)$/,
      true,
    );
    await assert.rejects(build({}, { valuesFiles: ['nope.yaml', 'prod.yaml'] }), missing);
    const built = await build({}, { valuesFiles: ['nope.yaml', 'prod.yaml'], ignoreMissingValuesFiles: true });
    assert.deepEqual(built.valuesFiles, ['prod.yaml']);
    const empty = await build({}, { valuesFiles: ['nope.yaml', 'no.yaml'], ignoreMissingValuesFiles: true });
    assert.equal(contentOf(empty)['values.yaml'], '');
    await assert.rejects(
      build({ 'bad.yaml': '- a list' }, { valuesFiles: ['bad.yaml', 'prod.yaml'] }),
      failingIn('ValuesFilesError', /unmarshaling values from 'bad.yaml' failed: .*cannot unmarshal array/),
    );
  });

  test('is not built again as long as its name and version stay', async () => {
    const current = { name: 'demo', version: '0.9.0', valuesFiles: ['a'] };
    assert.deepEqual(await build({}, { current }), {
      name: 'demo',
      version: '0.9.0',
      packaged: true,
      valuesFiles: ['a'],
      resolvedDependencies: 0,
      verification: 'none',
    });
    assert((await build({}, { current: { ...current, version: '0.8.0' } })).archive !== undefined);
  });

  test('is taken as it is where it is an archive', async () => {
    const archive = packageChart(unpackChart((await build()).archive ?? new Uint8Array()));
    const tree = memoryTree({ 'demo.tgz': archive });
    const built = await buildLocalChart(tree, 'demo.tgz', nowhere);
    assert.deepEqual(built.archive, archive);
    assert.equal(chartBuildSummary(built), "pulled 'demo' chart with version '0.9.0'");
    assert.equal((await buildLocalChart(tree, 'demo.tgz', { ...nowhere, versionMetadata: '1' })).packaged, true);
  });

  const refused: readonly [string, Readonly<Record<string, string>>, string, RegExp][] = [
    ['no path', {}, '', /^invalid chart reference: no path set for local chart reference$/],
    ['an absolute path', {}, '/charts/demo', /path is expected to be relative/],
    ['nothing there', {}, 'charts/nope', /stat \/charts\/nope: no such file or directory/],
    ['a path out of the tree', {}, '../../etc', /stat \/etc: no such file/],
    ['no chart', {}, 'more', /open \/more\/Chart.yaml: no such file/],
    ['no version', { 'charts/demo/Chart.yaml': 'name: demo\n' }, 'charts/demo', /chart.metadata.version is required/],
    ['a name that leads elsewhere', { 'charts/demo/Chart.yaml': 'name: ..\nversion: 1.0.0\n' }, 'charts/demo', /is not allowed/],
    ['no archive', { 'x.tgz': 'hello' }, 'x.tgz', /broken/],
  ];
  for (const [what, more, path, message] of refused) {
    test(`is refused: ${what}`, () => assert.rejects(build(more, {}, path), failingIn('InvalidChartReference', message, true)));
  }

  test('is refused with a schema that is no JSON', () =>
    assert.rejects(
      build({ 'charts/demo/values.schema.json': '{' }),
      failingIn('ChartPackageError', /invalid JSON in values.schema.json/, false),
    ));
});

const library = (name: string, version: string, key = 'a'): Record<string, string> => ({
  'Chart.yaml': `apiVersion: v2\nname: ${name}\nversion: ${version}\n`,
  'values.yaml': `key: ${key}\n`,
});
const archiveOf = (content: Readonly<Record<string, string>>): Buffer =>
  packageChart(Object.entries(content).map(([name, text]) => ({ name, data: Buffer.from(text) })));
const under = (directory: string, content: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(content).map(([name, text]) => [`${directory}/${name}`, text]));

/** Charts in memory, and what was asked for. */
function repositoryOf(charts: Readonly<Record<string, Buffer>>, asked: string[] = []): ChartRepository {
  return {
    async find(name, wanted) {
      asked.push(`${name} ${wanted}`);
      return { name, version: wanted, urls: [`${name}-${wanted}.tgz`], created: '' };
    },
    download: async ({ name }) => charts[name] ?? Buffer.alloc(0),
    verify: () => Promise.reject(new Error('not here')),
    isReferenceError: () => false,
    close: async () => undefined,
  };
}

const demoWith = (dependencies: string): Record<string, string> => ({
  'charts/demo/Chart.yaml': `apiVersion: v2\nname: demo\nversion: 0.9.0\ndependencies:\n${dependencies}`,
});

describe('the dependencies of a chart of a tree', () => {
  test('come from the tree, from repositories, and under other names', async () => {
    const asked: string[] = [];
    const built = await build(
      {
        ...demoWith(
          '- {name: near, version: 1.x, repository: "file://../../libs/near"}\n- {name: far, version: ">=2", repository: "https://charts.example"}\n- {name: far, alias: other, version: "2", repository: "https://charts.example"}\n',
        ),
        ...under('libs/near', library('near', '1.2.3')),
      },
      {
        repositories: (url) => {
          asked.push(url);
          return repositoryOf({ far: archiveOf(library('far', '2.1.0')) }, asked);
        },
      },
    );
    assert.equal(built.resolvedDependencies, 3);
    assert.deepEqual(asked, ['https://charts.example', 'far >=2', 'far 2']);
    const { subcharts } = loadChartArchive(built.archive ?? new Uint8Array());
    assert.deepEqual(
      subcharts.map(({ metadata }) => `${metadata.name} ${metadata.version}`),
      ['far 2.1.0', 'near 1.2.3', 'other 2.1.0'],
    );
  });

  test('are those of Chart.lock where there is one', async () => {
    const asked: string[] = [];
    const repositories = (): ChartRepository => repositoryOf({ far: archiveOf(library('far', '2.1.0')) }, asked);
    await build(
      {
        ...demoWith('- {name: far, version: ">=2", repository: "https://charts.example"}\n'),
        'charts/demo/Chart.lock':
          'dependencies:\n- {name: far, version: 2.1.0, repository: "https://charts.example"}\ndigest: sha256:x\ngenerated: "2024-01-01T00:00:00Z"\n',
      },
      { repositories },
    );
    assert.deepEqual(asked, ['far 2.1.0']);
  });

  test('are left alone when they are there', async () => {
    const built = await build({
      ...demoWith('- {name: far, version: ">=2", repository: "https://charts.example"}\n'),
      ...under('charts/demo/charts/far', library('far', '2.0.0')),
    });
    assert.equal(built.resolvedDependencies, 0);
  });

  const failing: readonly [string, RegExp][] = [
    [
      '{name: near, version: 1.x, repository: "file://../nope"}',
      /^dependency build error: failed to add local dependency 'near': no chart found at '\/charts\/nope' \(reference 'file:\/\/..\/nope'\)$/,
    ],
    ['{name: near, version: 1.x, repository: "file://../../../../../etc"}', /no chart found at '\/etc'/],
    ['{name: near, version: "3", repository: "file://../../libs/near"}', /can't get a valid version for constraint '3'/],
    ['{name: near, version: "x y", repository: "file://../../libs/near"}', /invalid version\/constraint format 'x y'/],
    ['{name: near, version: 1.x}', /no chart found at '\/charts\/demo\/charts\/near' \(reference ''\)/],
    [
      '{name: far, version: "2", repository: "@stable"}',
      /remote dependency 'far': aliased repository dependency is not supported: @stable/,
    ],
    ['{name: far, version: "2", repository: "ftp://x"}', /invalid dependency repository URL: ftp:\/\/x/],
    [
      '{name: gone, version: "2", repository: "https://x"}',
      /failed to load downloaded archive of version '2': the chart archive is broken/,
    ],
  ];
  for (const [dependency, message] of failing) {
    test(`fail: ${dependency}`, () =>
      assert.rejects(
        build(
          { ...demoWith(`- ${dependency}\n`), ...under('libs/near', library('near', '1.2.3')) },
          { repositories: () => repositoryOf({}) },
        ),
        failingIn('DependencyBuildError', message, false),
      ));
  }
});

describe('a chart of a repository', () => {
  const archive = archiveOf({ ...library('demo', '1.2.0'), 'prod.yaml': 'key: b\n' });
  const charts = repositoryOf({ demo: archive });

  test('is taken as it is, and packaged where its values change', async () => {
    const taken = await buildRemoteChart(charts, { name: 'demo', version: '1.2.0' });
    assert.deepEqual(taken.archive, archive);
    assert.equal(chartBuildSummary(taken), "pulled 'demo' chart with version '1.2.0'");
    const options = { valuesFiles: ['values.yaml', './prod.yaml'], versionMetadata: '7' };
    const changed = await buildRemoteChart(charts, { name: 'demo', version: '1.2.0' }, options);
    assert.equal(contentOf(changed)['values.yaml'], 'key: b\n');
    assert.equal(
      chartBuildSummary(changed),
      "packaged 'demo' chart with version '1.2.0+7' and merged values files [values.yaml ./prod.yaml]",
    );
  });

  test('fails with the stage that Flux names', async () => {
    const wanted = { name: 'demo', version: '1.2.0' };
    await assert.rejects(
      buildRemoteChart(charts, { name: 'De mo', version: '' }),
      failingIn('InvalidChartReference', /invalid chart name 'De mo'/),
    );
    await assert.rejects(buildRemoteChart(charts, { name: '', version: '' }), failingIn('InvalidChartReference', /no name set/));
    await assert.rejects(
      buildRemoteChart(charts, wanted, { valuesFiles: ['nope.yaml'] }),
      failingIn('ValuesFilesError', /no values file found at path 'nope.yaml'/, true),
    );
    await assert.rejects(
      buildRemoteChart(repositoryOf({}), wanted),
      failingIn('ChartPullError', /failed to load chart metadata from written chart/),
    );
  });

  test('is found in an index over HTTP; what it lacks is the fault of who asks', async () => {
    const server = await listen((request, response) => {
      if (request.url === '/index.yaml') {
        return void response.end('apiVersion: v1\nentries:\n  demo:\n  - {name: demo, version: 1.2.0, urls: [demo.tgz]}\n');
      }
      if (request.url === '/demo.tgz') return void response.end(archive);
      response.writeHead(404).end();
    });
    const repository = httpCharts(createHelmRepository({ url: server.url }));
    try {
      assert.deepEqual((await buildRemoteChart(repository, { name: 'demo', version: '1.x' })).archive, archive);
      await assert.rejects(
        buildRemoteChart(repository, { name: 'demo', version: '2.x' }),
        failingIn(
          'InvalidChartReference',
          /^invalid chart reference: failed to get chart version for remote reference: no 'demo' chart with version matching '2.x' found$/,
        ),
      );
    } finally {
      await repository.close();
      await server.close();
    }
    const gone = httpCharts(createHelmRepository({ url: server.url }));
    await assert.rejects(buildRemoteChart(gone, { name: 'demo', version: '1.x' }), failingIn('ChartPullError', /ECONNREFUSED/, false));
    await gone.close();
  });

  test('is found among the tags of a registry, and downloaded by the digest that was verified', async () => {
    const memory = memoryRegistry();
    const server = await listen(memory.handler);
    const url = `oci://127.0.0.1:${server.port}/charts`;
    const client = createOciClient({ url: `${url}/demo` });
    const push = (tag: string, mediaType = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip') =>
      client.push({
        tag,
        config: { mediaType: 'application/vnd.cncf.helm.config.v1+json', content: Buffer.from('{}') },
        layers: [{ mediaType, content: archive }],
      });
    const repository = ociCharts({ url: `${url}/` });
    try {
      const digest = await push('1.2.0_build.1');
      await push('latest');
      await push('0.1.0', 'text/plain');
      const built = await buildRemoteChart(repository, { name: 'demo', version: '1.x' });
      assert.equal(built.version, '1.2.0+build.1');
      assert.deepEqual(built.archive, archive);
      const checked: string[] = [];
      const verify = async (_: unknown, what: string) => {
        checked.push(what);
        memory.manifests.delete('charts/demo:1.2.0_build.1');
        return 'trusted' as const;
      };
      const verified = await buildRemoteChart(repository, { name: 'demo', version: '1.2.0+build.1' }, { verify });
      assert.deepEqual(checked, [digest]);
      assert.equal(verified.verification, 'trusted');
      await assert.rejects(
        buildRemoteChart(repository, { name: 'demo', version: '9.x' }),
        failingIn('ChartPullError', /could not locate a version of 'demo' matching provided version string 9.x/),
      );
      await assert.rejects(
        buildRemoteChart(repository, { name: 'demo', version: '0.1.0' }),
        failingIn('ChartPullError', /failed to get 'oci:\/\/.*:0.1.0': manifest does not contain a layer with mediatype/),
      );
    } finally {
      await Promise.all([repository.close(), client.close()]);
      await server.close();
    }
    assert.deepEqual(memory.unknown, []);
  });
});

const listed = (bytes: Uint8Array): string[] =>
  unpackChart(bytes)
    .map(({ name, data }) => `${name}: ${Buffer.from(data).toString()}`)
    .sort();

const helm = findProgram('helm');
test('a packaged chart has what helm package makes of it', { skip: helm === undefined && 'helm is not installed' }, async () => {
  const content = {
    'Chart.yaml':
      'apiVersion: v2\nname: demo\nversion: 1.0.0\nappVersion: 1.10\ntype: application\nannotations: {b: "1", a: x}\nmaintainers: [{name: A, email: a@example.com}]\ndependencies: [{name: sub, version: 1.x, repository: "", condition: sub.on, tags: [t], import-values: [data, {child: a, parent: b}]}]\n',
    'values.yaml': 'a: 1 # kept\n',
    'values.schema.json': '{"type": "object"}',
    'templates/a.yaml': 'kind: A\n',
    'templates/NOTES.txt': 'notes\n',
    'crds/crd.yaml': 'kind: CustomResourceDefinition\n',
    'charts/sub/Chart.yaml': 'apiVersion: v2\nname: sub\nversion: 1.0.0\n',
    'charts/sub/values.yaml': '',
    '.helmignore': 'skip/\n',
    'skip/me': 'x',
  };
  for (const [name, text] of Object.entries(content)) {
    const path = join(workspace.dir, 'peer/demo', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  execFileSync(helm ?? '', ['package', 'demo'], { cwd: join(workspace.dir, 'peer'), stdio: 'pipe' });
  const tree: FileTree = memoryTree(content);
  const { archive = new Uint8Array() } = await buildLocalChart(tree, '.', nowhere);
  assert.deepEqual(listed(archive), listed(readFileSync(join(workspace.dir, 'peer/demo-1.0.0.tgz'))));
});
