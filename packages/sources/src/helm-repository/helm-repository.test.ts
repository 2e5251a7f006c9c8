import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { SluiceError } from '@sluice/core';
import { failing } from '../testing/failing.js';
import { basic, listen, type TestServer } from '../testing/https-server.js';
import { digestOf } from '../testing/registry.js';
import { createHelmRepository, resolveChartUrl, type HelmRepository, type HelmRepositoryOptions } from './client.js';
import { findChart, parseHelmIndex, printHelmIndex, type HelmIndex } from './helm-index.js';
import { splitIndex } from './split.js';

const parse = (text: string): Promise<HelmIndex> => parseHelmIndex(Buffer.from(text));
const printed = async (text: string): Promise<string> => [...printHelmIndex(await parse(text))].join('');

const demo = `apiVersion: v1
entries:
  demo:
  - name: demo
    version: 1.0.1
    urls: [demo-1.0.1.tgz]
  # the newest
  - name: demo
    version: 1.10.0
    created: 2024-01-02T03:04:05.1200Z
    description: "<a> & b"
    urls: [https://elsewhere.example/demo-1.10.0.tgz]
  - {name: demo, version: 2.0.0-rc.1, urls: []}
  zero: []
generated: "2024-01-02T03:04:05Z"
`;

describe('the index of a Helm repository', () => {
  test('is read with the newest first, and printed as Flux stores it', async () => {
    const index = await parse(demo);
    assert.equal(index.revision, digestOf(Buffer.from(demo)));
    assert.deepEqual(
      index.charts.get('demo')?.map(({ version }) => version),
      ['2.0.0-rc.1', '1.10.0', '1.0.1'],
    );
    assert.equal(
      await printed(demo),
      String.raw`{
  "apiVersion": "v1",
  "generated": "2024-01-02T03:04:05Z",
  "entries": {
    "demo": [
      {
        "name": "demo",
        "version": "2.0.0-rc.1",
        "apiVersion": "v1",
        "urls": [],
        "created": "0001-01-01T00:00:00Z"
      },
      {
        "name": "demo",
        "version": "1.10.0",
        "description": "\u003ca\u003e \u0026 b",
        "apiVersion": "v1",
        "urls": [
          "https://elsewhere.example/demo-1.10.0.tgz"
        ],
        "created": "2024-01-02T03:04:05.12Z"
      },
      {
        "name": "demo",
        "version": "1.0.1",
        "apiVersion": "v1",
        "urls": [
          "demo-1.0.1.tgz"
        ],
        "created": "0001-01-01T00:00:00Z"
      }
    ],
    "zero": []
  }
}`,
    );
  });

  test('printed and read again it is the same', async () => {
    const once = await printed(demo);
    assert.equal(await printed(once), once);
  });

  test('is the same whole and cut into its charts, whatever the style', async () => {
    const flow = 'apiVersion: v1\nentries: {demo: [{name: demo, version: 1.0.0}]}\n';
    const block = 'apiVersion: v1\nentries:\n    demo:\n    - name: demo\n      version: 1.0.0\n';
    const withAlias = `x-base: &v 1.0.0\n${block.replace('version: 1.0.0', 'version: *v')}`;
    assert.equal(splitIndex(flow), undefined);
    assert.equal(splitIndex(block)?.charts.length, 1);
    assert.equal(await printed(block), await printed(flow));
    await assert.rejects(parse(withAlias), failing('SourceAnswerInvalid', /unknown field "x-base"/));
    const trap =
      'apiVersion: v1\nentries:\n  a:\n  - name: a\n    version: 1.0.0\n    description: |\n      b:\n      - c\n\n  # b:\n  "b c":\n  - name: b\n    version: 1.0.0\n';
    assert.deepEqual([...(await parse(trap)).charts.keys()], ['a', 'b c']);
    assert.equal(await printed(trap.replaceAll('\n', '\r\n')), await printed(trap));
  });

  const skipped: readonly [why: string, entry: string][] = [
    ['nothing', 'null'],
    ['no name', '{version: 1.0.0}'],
    ['a path for a name', '{name: ../x, version: 1.0.0}'],
    ['two dots for a name', '{name: .., version: 1.0.0}'],
    ['no version', '{name: a}'],
    ['no version that is one', '{name: a, version: latest}'],
    ['an unknown type', '{name: a, version: 1.0.0, type: thing}'],
    ['an empty maintainer', '{name: a, version: 1.0.0, maintainers: [null]}'],
    ['an alias that is none', '{name: a, version: 1.0.0, dependencies: [{name: b, alias: "x y"}]}'],
  ];
  for (const [why, entry] of skipped) {
    test(`passes over an entry with ${why}, as Helm does`, async () => {
      const index = await parse(`apiVersion: v1\nentries:\n  a:\n  - ${entry}\n  - {name: a, version: 1.2.3}\n`);
      assert.deepEqual(
        index.charts.get('a')?.map(({ version }) => version),
        ['1.2.3'],
      );
    });
  }

  test('takes names of charts as plain keys', async () => {
    const index = await parse('apiVersion: v1\nentries:\n  __proto__:\n  - {name: __proto__, version: 1.0.0}\n');
    assert.equal(findChart(index, '__proto__', '').version, '1.0.0');
    assert.throws(() => findChart(index, 'constructor', ''), failing('SourceNotFound', /no chart name found/));
  });

  const bad: readonly [name: string, text: string, message: RegExp][] = [
    ['empty', '', /empty index\.yaml file/],
    ['without an API version', 'entries: {}', /no API version specified/],
    ['a page', '<html><body>Sign in</body></html>', /failed to load index/],
    ['a list', '- a', /not an object/],
    ['with entries that are a list', 'apiVersion: v1\nentries: []', /entries are not an object/],
    ['with a chart that is text', 'apiVersion: v1\nentries:\n  a: b\n', /entries\.a is not a list/],
    [
      'with an unknown field',
      'apiVersion: v1\nentries:\n  a:\n  - {name: a, version: 1.0.0, nope: 1}\n',
      /entries\.a\[0\] has the unknown field "nope"/,
    ],
    [
      'with a number for a version',
      'apiVersion: v1\nentries:\n  a:\n  - {name: a, version: 1.2}\n',
      /entries\.a\[0\]: version is the number 1\.2 .*quotes/,
    ],
    ['with a time that is none', 'apiVersion: v1\ngenerated: yesterday\n', /generated is "yesterday"/],
    ['with a chart twice', 'apiVersion: v1\nentries:\n  a: []\n  a: []\n', /line 4/],
    ['with a fault in its YAML', 'apiVersion: v1\nentries:\n  a:\n  - name: "x\n', /index\.yaml/],
    [
      'an alias bomb',
      `apiVersion: v1\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}*a${i}]\n`).join('')}`,
      /failed to load index/,
    ],
  ];
  for (const [name, text, message] of bad) {
    test(`${name} is an error`, async () => {
      await assert.rejects(parse(text), failing('SourceAnswerInvalid', message));
    });
  }
});

describe('the version of a chart', () => {
  const versions = ['1.0.0', '1.2.0', '1.10.0', '2.0.0-rc.1', '1.10.0+old', '1.10.0+new', '3'];
  const text = JSON.stringify({
    apiVersion: 'v1',
    entries: {
      a: versions.map((version) => ({ name: 'a', version, created: `20${version.endsWith('new') ? 24 : 10}-01-01T00:00:00Z` })),
      none: [],
    },
  });
  const cases: readonly [wanted: string, version: string][] = [
    ['', '1.10.0+new'],
    ['*', '1.10.0+new'],
    ['1.10.0', '1.10.0'],
    ['<1.10', '1.2.0'],
    ['>=2.0.0-0', '2.0.0-rc.1'],
    ['1.10.0+old', '1.10.0+old'],
    ['3', '3'],
  ];
  for (const [wanted, version] of cases) {
    test(JSON.stringify(wanted), async () => assert.equal(findChart(await parse(text), 'a', wanted).version, version));
  }
  test('that is not there', async () => {
    const index = await parse(text);
    assert.throws(() => findChart(index, 'a', '>9'), failing('SourceNotFound', /^no 'a' chart with version matching '>9' found$/));
    assert.throws(() => findChart(index, 'none', ''), failing('SourceNotFound', /^no chart version found$/));
    assert.throws(() => findChart(index, 'a', '~~'), failing('VersionInvalid', /./));
  });
});

describe('the address of a chart', () => {
  const cases: readonly [repository: string, reference: string, url: string][] = [
    ['https://h/charts', 'a-1.tgz', 'https://h/charts/a-1.tgz'],
    ['https://h/charts/', './x/a-1.tgz', 'https://h/charts/x/a-1.tgz'],
    ['https://h/charts?token=x', 'a-1.tgz', 'https://h/charts/a-1.tgz?token=x'],
    ['https://h/charts?token=x', '/a-1.tgz', 'https://h/a-1.tgz?token=x'],
    ['https://h/charts?token=x', 'https://other/a-1.tgz', 'https://other/a-1.tgz'],
  ];
  for (const [repository, reference, url] of cases) {
    test(`${reference} of ${repository}`, () => assert.equal(resolveChartUrl(new URL(repository), reference).href, url));
  }
  for (const reference of ['file:///etc/passwd', 'ftp://h/a.tgz', 'http://']) {
    test(`${reference} is refused`, () => {
      assert.throws(() => resolveChartUrl(new URL('https://h/charts'), reference), failing('SourceAnswerInvalid', /no web address/));
    });
  }
});

describe('a Helm repository over HTTP', () => {
  const servers: TestServer[] = [];
  const repositories: HelmRepository[] = [];
  after(async () => {
    for (const repository of repositories) await repository.close();
    for (const server of servers) await server.close();
  });
  const serve = async (handler: Parameters<typeof listen>[0]): Promise<string> => {
    const server = await listen(handler);
    servers.push(server);
    return server.url;
  };
  const open = (url: string, options: Partial<HelmRepositoryOptions> = {}): HelmRepository => {
    const repository = createHelmRepository({ url, ...options });
    repositories.push(repository);
    return repository;
  };
  const chart = { name: 'a', version: '1.0.0', created: '' };

  test('says what did not change', async () => {
    const url = await serve((request, response) => {
      assert.equal(request.url, '/charts/index.yaml?key=x');
      if (request.headers['if-none-match'] === '"one"') return void response.writeHead(304).end();
      response.writeHead(200, { etag: '"one"' }).end(demo);
    });
    const repository = open(`${url}/charts/?key=x`);
    const fetched = await repository.fetchIndex();
    assert(fetched !== 'unchanged');
    assert.equal(fetched.revision, digestOf(Buffer.from(demo)));
    assert.equal(await repository.fetchIndex({ etag: fetched.etag }), 'unchanged');
  });

  test('gives credentials to its own host, and to others only where that is wished', async () => {
    const seen: (string | undefined)[] = [];
    const elsewhere = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.end('chart');
    });
    const url = await serve((request, response) => {
      if (request.headers.authorization !== basic('ada', 's3cret')) return void response.writeHead(401).end();
      if (request.url === '/moved.tgz') return void response.writeHead(302, { location: `${elsewhere}/moved.tgz` }).end();
      response.end(demo);
    });
    const login = { username: 'ada', password: 's3cret' };
    await open(url, login).fetchIndex();
    await open(url, login).download({ ...chart, urls: [`${elsewhere}/a.tgz`] });
    await open(url, login).download({ ...chart, urls: ['moved.tgz'] });
    await open(url, { ...login, passCredentials: true }).download({ ...chart, urls: [`${elsewhere}/a.tgz`] });
    await open(url, { ...login, passCredentials: true }).download({ ...chart, urls: ['moved.tgz'] });
    assert.deepEqual(seen, [undefined, undefined, basic('ada', 's3cret'), undefined]);
    await assert.rejects(
      open(url).fetchIndex(),
      failing('SourceAuthenticationFailed', /^failed to fetch .*\/index\.yaml : 401 Unauthorized$/),
    );
  });

  test('has charts that are what the index says', async () => {
    const url = await serve((_, response) => response.end('chart'));
    const digest = digestOf(Buffer.from('chart'));
    for (const each of [digest, digest.slice(7), undefined]) {
      const entry = { ...chart, urls: ['a.tgz'], ...(each !== undefined && { digest: each }) };
      assert.equal(String(await open(url).download(entry)), 'chart');
    }
    await assert.rejects(
      open(url).download({ ...chart, urls: ['a.tgz'], digest: 'abc' }),
      failing('ArtifactCorrupt', /the index says sha256:abc/),
    );
    await assert.rejects(open(url).download({ ...chart, urls: null }), failing('SourceNotFound', /chart 'a' has no downloadable URLs/));
  });

  test('fails in Flux’s words', async () => {
    const url = await serve((_, response) => response.writeHead(404).end());
    await assert.rejects(
      open(`${url}/charts/nope`).fetchIndex(),
      failing('SourceNotFound', new RegExp(`^failed to fetch ${url}/charts/nope/index.yaml : 404 Not Found$`)),
    );
  });

  test('may not send without end, wait without end, or lead in circles', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/circle/index.yaml') return void response.writeHead(302, { location: '/circle/index.yaml' }).end();
      if (request.url === '/slow/index.yaml') return;
      if (request.url === '/says/a.tgz') return void response.writeHead(200, { 'content-length': 11 * 1024 * 1024 }).write('x');
      const piece = Buffer.alloc(1024 * 1024);
      const more = (): void => {
        if (!response.destroyed) response.write(piece, more);
      };
      more();
    });
    await assert.rejects(open(`${url}/circle`).fetchIndex(), failing('SourceRefused', /more than 10 redirects/));
    await assert.rejects(open(`${url}/slow`, { timeoutMs: 100 }).fetchIndex(), failing('SourceTimeout', /no answer in time/));
    for (const path of ['says/a.tgz', 'endless/a.tgz']) {
      await assert.rejects(open(url).download({ ...chart, urls: [path] }), failing('SourceTooLarge', /more than 10485760 bytes/));
    }
  });

  for (const url of ['', 'oci://h/x', 'file:///x', 'https://u:pa55@h/x']) {
    test(`${JSON.stringify(url)} is no address of one`, () => {
      assert.throws(
        () => createHelmRepository({ url }),
        (error) => error instanceof SluiceError && error.reason === 'SourceSettingsInvalid' && !error.message.includes('pa55'),
      );
    });
  }
});
