import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { chartFiles, createReleases } from '../testing/release.js';
import { realKubeconfig, startRealWorld, startWorld, type WorldOver } from '../testing/world.js';

const execute = promisify(execFile);

/** Where Helm 3 and 4 may be: as the peers are installed, or by `HELM_PEERS=/a/helm:/b/helm`. */
const installed = ['helm', 'helm4'].map((name) => join(homedir(), '.cache/sluice/peers/bin', name));
const peers = (process.env['HELM_PEERS']?.split(':') ?? installed).filter((path) => existsSync(path));

const clusters: { name: string; start: () => Promise<WorldOver> }[] = [{ name: 'the embedded cluster', start: startWorld }];
if (realKubeconfig !== undefined) clusters.push({ name: 'a real cluster', start: () => startRealWorld(realKubeconfig!) });
const pairs = (peers.length === 0 ? [undefined] : peers).flatMap((helmPath) => clusters.map((cluster) => ({ helmPath, ...cluster })));

for (const { helmPath, name: where, start } of pairs) {
  const skip = helmPath === undefined && 'helm is not installed';
  describe(`releases go to and fro between ${helmPath ?? 'Helm'} and the controller, in ${where}`, { skip }, () => {
    let world: WorldOver;
    let directory: string;
    before(async () => {
      directory = mkdtempSync(join(tmpdir(), 'sluice-helm-'));
      world = await start();
      await world.startControllers();
    });
    after(async () => {
      await world.close();
      rmSync(directory, { recursive: true });
    });

    async function helm(...args: string[]): Promise<string> {
      const env = { PATH: process.env['PATH'], HOME: directory, KUBECONFIG: world.kubeconfig };
      return (await execute(helmPath ?? '', args, { env, timeout: 60_000 })).stdout;
    }

    test('what the controller makes, Helm lists, shows, rolls back and uninstalls', async () => {
      const { namespace, chart, apply, ready, get, phases, request } = await createReleases(world, {
        '1.0.0': chartFiles({ 'templates/NOTES.txt': 'v is {{ .Values.v }}' }),
      });
      await ready();
      await apply('app', { values: { v: 'second' } });
      await ready();
      const everywhere = JSON.parse(await helm('list', '-A', '-o', 'json', '--filter', '^app$')) as Record<string, string>[];
      const listed = everywhere.find((release) => release['namespace'] === namespace);
      const { name, revision, status, chart: listedChart } = listed!;
      assert.deepEqual(
        { name, revision, status, chart: listedChart },
        { name: 'app', revision: '2', status: 'deployed', chart: `${chart}-1.0.0` },
      );
      const history = JSON.parse(await helm('history', 'app', '-n', namespace, '-o', 'json')) as Record<string, unknown>[];
      assert.deepEqual(
        history.map((entry) => [entry['revision'], entry['status'], entry['description']]),
        [
          [1, 'superseded', 'Install complete'],
          [2, 'deployed', 'Upgrade complete'],
        ],
      );
      assert.equal(await helm('get', 'values', 'app', '-n', namespace), 'USER-SUPPLIED VALUES:\nv: second\n');
      assert.match(await helm('get', 'manifest', 'app', '-n', namespace), /\n {2}v: second\nkind: ConfigMap\n/);
      assert.match(await helm('get', 'notes', 'app', '-n', namespace), /v is second/);
      assert.match(await helm('status', 'app', '-n', namespace), /STATUS: deployed/);

      // Helm 4 does not take fields from others unasked.
      const asked = (await helm('version', '--short')).startsWith('v3') ? [] : ['--force-conflicts'];
      await helm('rollback', 'app', '1', '-n', namespace, ...asked);
      const dataOf = async (): Promise<unknown> => ((await get('ConfigMap', 'app-cm'))?.['data'] as { v?: unknown } | undefined)?.v;
      assert.equal(await dataOf(), 'default');
      await request();
      await world.eventually('the controller takes the rollback back', async () => (await dataOf()) === 'second');
      const isTakenBack = async (): Promise<boolean> => (await phases()).join() === '1 superseded,2 superseded,3 superseded,4 deployed';
      await world.eventually('its record says so', isTakenBack);

      await helm('uninstall', 'app', '-n', namespace);
      assert.equal(await get('ConfigMap', 'app-cm'), undefined);
      await request();
      await world.eventually('the controller installs again', async () => (await dataOf()) === 'second');
      await world.eventually('its record says so', async () => (await phases()).join() === '1 deployed');
    });

    test('what Helm has installed, the controller goes on with', async () => {
      const files = chartFiles();
      const { namespace, chart, apply, ready, get, phases, release, becomes } = await createReleases(
        world,
        { '1.0.0': files, '1.1.0': files },
        {},
      );
      writeFileSync(join(directory, 'chart.tgz'), world.web.charts.files.get(`${chart}-1.0.0.tgz`)!);
      await helm('install', 'app', join(directory, 'chart.tgz'), '-n', namespace, '--set', 'v=mine');
      await helm('upgrade', 'app', join(directory, 'chart.tgz'), '-n', namespace, '--set', 'v=mine,other=x');
      assert.deepEqual(await phases(), ['1 superseded', '2 deployed']);
      const { uid } = (await get('ConfigMap', 'app-cm'))!.metadata;
      await apply('app', { version: '1.1.0', values: { v: 'ours' } });
      assert.equal((await ready()).reason, 'UpgradeSucceeded');
      await becomes('Released', 'True', /UpgradeSucceeded/);
      assert.deepEqual(await phases(), ['1 superseded', '2 superseded', '3 deployed']);
      const found = (await get('ConfigMap', 'app-cm'))!;
      assert.deepEqual([found['data'], found.metadata.uid], [{ v: 'ours', chart: '1.1.0' }, uid]);
      assert.deepEqual(
        (await release()).status?.history?.map(({ version, status }) => [version, status]),
        [[3, 'deployed']],
      );
      assert.equal(await helm('get', 'values', 'app', '-n', namespace), 'USER-SUPPLIED VALUES:\nv: ours\n');
    });
  });
}
