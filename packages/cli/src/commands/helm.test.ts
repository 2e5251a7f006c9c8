import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startCluster, type EmbeddedCluster } from '@sluice/apiserver';
import { encodeRelease, loadChartArchive, releaseOf, render } from '@sluice/helm';
import { createCluster, type Cluster } from '@sluice/kube';
import { main } from '../main.js';
import { terminalOver } from '../terminal.js';

const template = `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  color: {{ .Values.color }}
  knows: {{ .Capabilities.APIVersions.Has "v1/ConfigMap" | quote }}
  found: {{ (lookup "v1" "ConfigMap" "default" "there").data | toJson | quote }}
`;
const hook = `apiVersion: v1
kind: Pod
metadata:
  name: check
  annotations: {helm.sh/hook: test}
`;

describe('sluice helm', () => {
  let directory: string;
  let server: Server;
  let base: string;
  let archive: Buffer;
  const write = (path: string, text: string): string => {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  const helm = (...args: string[]): ReturnType<typeof run> =>
    run(['helm', ...args], { HOME: directory, KUBECONFIG: join(directory, 'config') });

  const shown = async (part: string): Promise<string> => (await helm('show', part, 'web', '--repo', `http://${base}`)).stdout;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-helm-'));
    write('charts/web/Chart.yaml', 'apiVersion: v2\nname: web\nversion: 1.2.0+a\n');
    write('charts/web/values.yaml', '# the color\ncolor: red\n');
    write('charts/web/README.md', 'A web.\n');
    write('charts/web/crds/crd.yaml', 'kind: CustomResourceDefinition\n');
    write('charts/web/templates/cm.yaml', template);
    write('charts/web/templates/test.yaml', hook);
    execFileSync('tar', ['-czf', join(directory, 'web-1.2.0.tgz'), '-C', join(directory, 'charts'), 'web']);
    archive = readFileSync(join(directory, 'web-1.2.0.tgz'));
    const index = 'apiVersion: v1\nentries:\n  web:\n  - {apiVersion: v2, name: web, version: 1.2.0+a, urls: [web-1.2.0.tgz]}\n';
    const routes = new Map<string, string | Buffer>([
      ['/index.yaml', index],
      ['/web-1.2.0.tgz', archive],
      ['/blue.yaml', 'color: blue\n'],
      ['/word', 'orange'],
      ...registryOf(archive),
    ]);
    server = createServer((request, response) => {
      const isPrivate = request.url?.startsWith('/private') === true;
      const allowed = !isPrivate || request.headers.authorization === `Basic ${Buffer.from('me:secret').toString('base64')}`;
      const body = routes.get(request.url?.replace('/private', '') ?? '');
      if (request.url?.includes('/manifests/') === true) {
        response.setHeader('content-type', 'application/vnd.oci.image.manifest.v1+json');
      }
      response.writeHead(allowed ? (body === undefined ? 404 : 200) : 401).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(directory, { recursive: true });
  });

  test('template finds a chart wherever Helm would', async () => {
    write(
      '.config/helm/repositories.yaml',
      `repositories:\n- {name: known, url: "http://${base}/private", username: me, password: secret}\n`,
    );
    for (const where of [
      [join(directory, 'charts/web')],
      [join(directory, 'web-1.2.0.tgz')],
      ['web', '--repo', `http://${base}`],
      ['web', '--repo', `http://${base}`, '--version', '1.x'],
      ['web', '--repo', `http://${base}/private`, '--username', 'me', '--password', 'secret'],
      [`http://${base}/web-1.2.0.tgz`],
      ['known/web'],
      [`oci://${base}/charts/web`],
      [`oci://${base}/charts/web`, '--version', '1.2.0+a'],
      [`oci://${base}/charts/web:1.2.0_a`],
    ]) {
      const { code, stdout, stderr } = await helm('template', 'shop', ...where, '--skip-tests');
      assert.equal(code, 0, `${where.join(' ')}: ${stderr}`);
      assert.match(stdout, /^---\n# Source: web\/templates\/cm.yaml\napiVersion: v1\n[^]*name: shop\n[^]*color: red/);
    }
  });

  for (const [why, args, message] of [
    ['no such path', ['./nowhere'], /path "\.\/nowhere" not found/],
    ['an unknown repository', ['nobody/web'], /repo nobody not found/],
    ['only a name', ['nowhere'], /no chart at nowhere: name a directory/],
    ['no such chart', ['other', '--repo', 'BASE'], /chart "other" not found in http:\S+ repository/],
    ['no such version', ['web', '--repo', 'BASE', '--version', '2'], /chart "web" version "2" not found in http:\S+ repository/],
    ['no such repository', ['web', '--repo', 'BASE/x'], /is not a valid chart repository or cannot be reached: failed to fetch \S+ : 404/],
    ['no password', ['web', '--repo', 'BASE/private'], /401 Unauthorized/],
    ['no provenance', ['BASE/web-1.2.0.tgz', '--verify'], /web-1\.2\.0\.tgz\.prov : 404/],
  ] as const) {
    test(`template without a chart says why: ${why}`, async () => {
      const { code, stdout, stderr } = await helm('template', ...args.map((arg) => arg.replace('BASE', `http://${base}`)));
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, message);
    });
  }

  test('values may be on the web; several files may be in one flag; the name may be a template', async () => {
    const green = write('green.yaml', 'color: green\n');
    const chart = join(directory, 'charts/web');
    const rendered = async (...flags: string[]): Promise<string> => (await helm('template', chart, ...flags)).stdout;
    assert.match(await rendered('-f', `${green},http://${base}/blue.yaml`), /color: blue/);
    assert.match(await rendered('--set-file', `color=http://${base}/word`), /color: orange/);
    assert.match(await rendered('--name-template', 'x-{{ "Y" | lower }}'), /name: x-y\n/);
    assert.match((await helm('template', 'a', chart, '--name-template', 'b')).stderr, /cannot set --name-template and also/);
  });

  test('a program may change what is rendered; its failure is told', async () => {
    const program = write('post.sh', '#!/bin/sh\nsed "s/red/$1/"\n');
    const failing = write('fail.sh', '#!/bin/sh\necho no >&2\nexit 3\n');
    for (const file of [program, failing]) chmodSync(file, 0o700);
    const chart = join(directory, 'charts/web');
    const { stdout } = await helm('template', chart, '--post-renderer', program, '--post-renderer-args', 'pink');
    assert.match(stdout, /color: pink/);
    assert.match((await helm('template', chart, '--post-renderer', failing)).stderr, /error output:\nno\n: exit status 3/);
    const deaf = write('deaf.sh', '#!/bin/sh\nexec 0<&-\necho "color: none"\n');
    chmodSync(deaf, 0o700);
    write('charts/long/Chart.yaml', 'apiVersion: v2\nname: long\nversion: 1.0.0\n');
    write('charts/long/templates/a.yaml', 'kind: A\nx: {{ repeat 1000000 "x" }}\n');
    assert.match((await helm('template', join(directory, 'charts/long'), '--post-renderer', deaf)).stdout, /^color: none$/m);
  });

  test('includes may nest deeper than the stack of the process', async () => {
    write('charts/deep/Chart.yaml', 'apiVersion: v2\nname: deep\nversion: 1.0.0\n');
    write(
      'charts/deep/templates/a.yaml',
      '{{ define "d" }}{{ if . }}{{ range list (rest .) }}{{ include "d" . }}{{ end }}{{ end }}x{{ end }}v: {{ include "d" (until 900) }}',
    );
    const { stdout } = await helm('template', join(directory, 'charts/deep'));
    assert.match(stdout, /^v: x{901}$/m);
  });

  test('--output-dir writes a file for each template', async () => {
    const out = join(directory, 'out');
    const { stdout } = await helm(
      'template',
      'shop',
      join(directory, 'charts/web'),
      '--output-dir',
      out,
      '--release-name',
      '--include-crds',
    );
    const files = ['web/crds/crd.yaml', 'web/templates/cm.yaml', 'web/templates/test.yaml'].map((file) => join(out, 'shop', file));
    assert.equal(stdout, [...files.map((file) => `wrote ${file}`), '', ''].join('\n'));
    assert.equal(readFileSync(files[2] ?? '', 'utf8'), `---\n# Source: web/templates/test.yaml\n${hook}\n`);
  });

  test('--dependency-update fetches what is missing, and leaves the directory alone', async () => {
    write(
      'needy/Chart.yaml',
      `apiVersion: v2\nname: needy\nversion: 1.0.0\ndependencies:\n- {name: web, version: 1.x, repository: "http://${base}"}\n`,
    );
    const needy = join(directory, 'needy');
    assert.match((await helm('template', needy)).stderr, /missing in charts\/ directory: web/);
    assert.match((await helm('template', needy, '--dependency-update')).stdout, /# Source: needy\/charts\/web\/templates\/cm.yaml/);
    assert.match((await helm('template', needy)).stderr, /missing in charts\/ directory: web/);
  });

  test('show prints the parts of a chart', async () => {
    assert.equal(await shown('chart'), 'apiVersion: v2\nname: web\nversion: 1.2.0+a\n\n');
    assert.equal(await shown('values'), '# the color\ncolor: red\n\n');
    assert.equal(await shown('readme'), 'A web.\n\n');
    assert.equal(await shown('crds'), '---\nkind: CustomResourceDefinition\n\n');
    assert.equal(
      await shown('all'),
      `${await shown('chart')}---\n${await shown('values')}---\n${await shown('readme')}${await shown('crds')}`,
    );
  });

  describe('with a cluster', () => {
    let embedded: EmbeddedCluster;
    let cluster: Cluster;
    before(async () => {
      embedded = await startCluster({ ephemeral: true, port: 0, simulate: false });
      writeFileSync(join(directory, 'config'), embedded.kubeconfig, { mode: 0o600 });
      cluster = createCluster(embedded.fetch);
      const data = { a: 'b' };
      await cluster.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name: 'there' }, data } as never);
    });
    after(() => embedded.stop());

    test('--dry-run=server asks the cluster for what it has', async () => {
      const chart = join(directory, 'charts/web');
      const { stdout, stderr } = await helm('template', chart, '--dry-run=server');
      assert.match(stdout, /knows: "true"\n {2}found: "\{\\"a\\":\\"b\\"\}"/, stderr);
      assert.match((await helm('template', chart, '--dry-run')).stdout, /knows: "false"\n {2}found: "null"/);
      write('odd/Chart.yaml', 'apiVersion: v2\nname: odd\nversion: 1.0.0\n');
      write('odd/templates/odd.yaml', 'apiVersion: no/v1\nkind: Such\nmetadata: {name: x}\n');
      assert.match((await helm('template', join(directory, 'odd'), '--validate')).stderr, /no matches for kind "Such" in version "no\/v1"/);
    });

    test('get prints the parts of a release, of the last revision or another one', async () => {
      const chart = loadChartArchive(archive);
      for (const version of [1, 2]) {
        const values = { color: `c${version}` };
        const release = releaseOf({
          name: 'shop',
          namespace: 'default',
          version,
          info: { status: 'deployed', last_deployed: '2024-02-03T04:05:06Z', description: 'Install complete' },
          chart,
          values,
          rendering: { ...render(chart, values, { name: 'shop', namespace: 'default' }), notes: 'Hello.' },
        });
        await cluster.create(encodeRelease(release));
      }
      const got = async (...args: string[]): Promise<string> => (await helm('get', ...args)).stdout;
      assert.equal(await got('values', 'shop'), 'USER-SUPPLIED VALUES:\ncolor: c2\n');
      assert.equal(await got('values', 'shop', '--revision', '1', '-o', 'json'), '{"color":"c1"}\n');
      assert.match(await got('manifest', 'shop'), /^---\n# Source: web\/templates\/cm.yaml\n[^]*color: c2\n/);
      assert.equal(await got('notes', 'shop'), 'NOTES:\nHello.\n');
      assert.equal(await got('hooks', 'shop'), `---\n# Source: web/templates/test.yaml\n${hook}\n`);
      assert.match(
        await got('all', 'shop'),
        /^NAME: shop\nLAST DEPLOYED: Sat Feb {2}3 04:05:06 2024\n[^]*COMPUTED VALUES:\ncolor: c2\n\nHOOKS:\n/,
      );
      assert.match((await helm('get', 'values', 'other')).stderr, /release: not found: there is no other in namespace default/);
    });
  });
});

/** What a registry answers for a repository with one chart. */
function registryOf(archive: Buffer): [string, string | Buffer][] {
  const config = Buffer.from('{}');
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.cncf.helm.config.v1+json', digest: digestOf(config), size: config.length },
      layers: [{ mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', digest: digestOf(archive), size: archive.length }],
    }),
  );
  const root = '/v2/charts/web';
  return [
    ['/v2/', '{}'],
    [`${root}/tags/list`, JSON.stringify({ name: 'charts/web', tags: ['1.2.0_a', 'latest'] })],
    [`${root}/tags/list?n=1000`, JSON.stringify({ name: 'charts/web', tags: ['1.2.0_a', 'latest'] })],
    [`${root}/manifests/1.2.0_a`, manifest],
    [`${root}/manifests/${digestOf(manifest)}`, manifest],
    [`${root}/blobs/${digestOf(archive)}`, archive],
  ];
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

async function run(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  const terminal = terminalOver(
    (text) => (stdout += text),
    (text) => (stderr += text),
    environment,
  );
  const code = await main('sluice', args, terminal, new AbortController().signal);
  return { code, stdout, stderr };
}
