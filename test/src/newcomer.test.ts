import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import {
  commit,
  kubectlFor,
  kustomizationKey,
  onPath,
  readyOf,
  removeState,
  runProgram,
  runSluice,
  startQuickstart,
  waitForState,
  waitUntil,
  type Quickstart,
} from './quickstart.js';

const greeter = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'demo', name: 'greeter' };
const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'demo', name: 'greeter' };
const service = { apiVersion: 'v1', kind: 'Service', namespace: 'demo', name: 'greeter' };
const repository = { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository', namespace: 'flux-system', name: 'flux-system' };

const dataOf = (object: KubeObject): Record<string, string> => (object['data'] ?? {}) as Record<string, string>;
const replicasOf = (object: KubeObject): unknown => (object['spec'] as { replicas?: number }).replicas;

describe("a newcomer's first hour", () => {
  let quickstart: Quickstart;
  before(async () => {
    quickstart = await startQuickstart();
  });
  after(async () => {
    await quickstart.interrupt();
    removeState(quickstart.directory);
  });

  test('it says what to do next', () => {
    const output = quickstart.output();
    assert.match(output, /export KUBECONFIG=.*kubeconfig/);
    assert.match(output, /npx --no sluice get all -A/);
    assert.match(output, /apps\.yaml/);
    assert.doesNotMatch(output, /Warning/);
  });

  test('both layers are ready, the second after the first, with the variable filled in', async () => {
    for (const name of ['flux-system', 'infrastructure', 'apps']) {
      const object = await quickstart.cluster.get(kustomizationKey(name));
      assert.equal(object === undefined ? undefined : readyOf(object)?.status, 'True', name);
    }
    const map = await quickstart.cluster.get(greeter);
    assert.deepEqual(map === undefined ? undefined : dataOf(map), { language: 'English', message: 'Hello from Git' });
    assert.equal(map?.metadata.labels?.['kustomize.toolkit.fluxcd.io/name'], 'apps');
    assert.equal(map?.metadata.labels?.['kustomize.toolkit.fluxcd.io/namespace'], 'flux-system');
  });

  test('kubectl reads it', { skip: onPath('kubectl') ? false : 'kubectl is not installed' }, async () => {
    const kubectl = kubectlFor(quickstart);
    assert.ok(kubectl);
    const list = await kubectl('get ns,deploy,cm,kustomizations -A');
    for (const name of [
      'namespace/demo',
      'deployment.apps/greeter',
      'configmap/greeter',
      'kustomization.kustomize.toolkit.fluxcd.io/apps',
    ]) {
      assert.ok(list.includes(name), `${name} in\n${list}`);
    }
    assert.match(await kubectl('describe kustomization apps -n flux-system'), /Applied revision: main@sha1:/);
    await kubectl('wait --for=condition=Ready kustomization --all -n flux-system --timeout=20s');
    await kubectl('wait --for=condition=Available deployment/greeter -n demo --timeout=20s');
  });

  test('the commands print what Flux prints', async () => {
    const environment = { KUBECONFIG: quickstart.kubeconfig };
    const all = await runSluice(['get', 'all', '-A'], environment);
    assert.equal(all.code, 0, all.stderr);
    assert.match(
      all.stdout,
      /gitrepository\/flux-system\s*\tmain@sha1:[0-9a-f]{8}\tFalse\s*\tTrue \tstored artifact for revision 'main@sha1:[0-9a-f]{8}'/,
    );
    assert.match(all.stdout, /kustomization\/apps\s*\tmain@sha1:[0-9a-f]{8}\tFalse\s*\tTrue \tApplied revision: main@sha1:[0-9a-f]{8}/);
    const reconcile = await runSluice(['reconcile', 'kustomization', 'apps', '--with-source'], environment);
    assert.equal(reconcile.code, 0, reconcile.stderr);
    assert.match(
      reconcile.stderr,
      /^► annotating GitRepository flux-system in flux-system namespace\n✔ GitRepository annotated\n◎ waiting for GitRepository reconciliation\n✔ fetched revision main@sha1:[0-9a-f]{40}\n► annotating Kustomization apps in flux-system namespace\n✔ Kustomization annotated\n◎ waiting for Kustomization reconciliation\n✔ applied revision main@sha1:[0-9a-f]{40}\n$/,
    );
  });

  test('edit, commit: the object changes', async () => {
    commit(quickstart, { 'clusters/local/apps.yaml': (text) => text.replace('Hello from Git', 'Hello again') });
    await waitForState(quickstart, greeter, (object) => dataOf(object)['message'] === 'Hello again', 10_000);
  });

  test('a suspended Kustomization does not follow; resumed, it catches up', async () => {
    const environment = { KUBECONFIG: quickstart.kubeconfig };
    assert.equal((await runSluice(['suspend', 'ks', 'apps'], environment)).code, 0);
    const revision = commit(quickstart, { 'apps/base/configmap.yaml': (text) => text.replace('\ndata:', '\ndata:\n  added: "yes"') });
    await waitForState(quickstart, repository, (object) => JSON.stringify(object['status']).includes(revision), 10_000);
    const map = await quickstart.cluster.get(greeter);
    assert.ok(map !== undefined && dataOf(map)['added'] === undefined);
    const resumed = await runSluice(['resume', 'ks', 'apps'], environment);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.match(resumed.stderr, /✔ Kustomization apps reconciliation completed\n✔ applied revision main@sha1:/);
    await waitForState(quickstart, greeter, (object) => dataOf(object)['added'] === 'yes', 5_000);
  });

  test('a hand-made change to a managed field is corrected within 2 s; a field of someone else stays', async () => {
    await quickstart.cluster.patch(
      deployment,
      'merge',
      { spec: { replicas: 5 }, metadata: { annotations: { mine: 'stays' } } },
      { fieldManager: 'hand' },
    );
    await waitForState(quickstart, deployment, (object) => replicasOf(object) === 2, 2_000);
    const object = await quickstart.cluster.get(deployment);
    assert.equal(object?.metadata.annotations?.['mine'], 'stays');
  });

  test('an object deleted by hand comes back', async () => {
    await quickstart.cluster.delete(service);
    await waitForState(quickstart, service, () => true, 5_000);
  });

  test('deleting a file prunes its object', async () => {
    commit(quickstart, {
      'apps/base/service.yaml': undefined,
      'apps/base/kustomization.yaml': (text) => text.replace('  - service.yaml\n', ''),
    });
    await waitForState(quickstart, service, undefined, 10_000);
  });

  const broken: [string, Record<string, string | ((text: string) => string)>, RegExp][] = [
    [
      'YAML that does not parse',
      { 'apps/base/configmap.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: [greeter\n' },
      /apps\/base\/configmap\.yaml:\d/,
    ],
    [
      'a kustomization that names a missing file',
      { 'apps/base/kustomization.yaml': (text) => `${text}  - missing.yaml\n` },
      /missing\.yaml.* \[apps\/base\/kustomization\.yaml:\d\]/s,
    ],
    [
      'an invalid object',
      { 'apps/base/deployment.yaml': (text) => text.replace('app: greeter\n  template', 'app: other\n  template') },
      /Deployment\/demo\/greeter.*selector.* \[apps\/base\/deployment\.yaml:1\]/s,
    ],
  ];
  for (const [what, change, message] of broken) {
    test(`a commit with ${what}: a message that names it, nothing written, and the next good commit recovers`, async () => {
      const before = Object.fromEntries(
        await Promise.all(Object.keys(change).map(async (path) => [path, await readCommitted(quickstart, path)] as const)),
      );
      const versions = await versionsOf(quickstart);
      const revision = commit(quickstart, change);
      await waitForState(
        quickstart,
        kustomizationKey('apps'),
        (object) => {
          const ready = readyOf(object);
          return ready?.status === 'False' && message.test(ready.message);
        },
        10_000,
      );
      await waitUntil(
        async () => {
          const events = await quickstart.cluster.list({ apiVersion: 'v1', kind: 'Event', namespace: 'flux-system' });
          return events.items.some((event) => event['type'] === 'Warning' && message.test(String(event['message'])));
        },
        2_000,
        () => `no warning about ${revision}`,
      );
      assert.deepEqual(await versionsOf(quickstart), versions);
      const good = commit(quickstart, before);
      await waitForState(
        quickstart,
        kustomizationKey('apps'),
        (object) => readyOf(object)?.status === 'True' && JSON.stringify(object['status']).includes(good),
        10_000,
      );
    });
  }

  test('deleting the Kustomization removes what it applied', async () => {
    const object = await quickstart.cluster.get(kustomizationKey('apps'));
    assert.ok(object);
    commit(quickstart, { 'clusters/local/apps.yaml': undefined });
    await waitForState(quickstart, kustomizationKey('apps'), undefined, 20_000);
    await waitForState(quickstart, deployment, undefined, 5_000);
    await waitForState(quickstart, greeter, undefined, 5_000);
  });
});

describe('starting and stopping', () => {
  test('Ctrl-C stops cleanly, and the next start finds its state again', async () => {
    const first = await startQuickstart();
    const { directory, port } = first;
    try {
      await first.cluster.create({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'mine', namespace: 'default' },
        data: { a: '1' },
      });
      const uid = (await first.cluster.get(deployment))?.metadata.uid;
      assert.equal(await first.interrupt(), 0);
      const second = await startQuickstart({ directory, port });
      try {
        assert.ok(await second.cluster.get({ ...greeter, namespace: 'default', name: 'mine' }));
        assert.equal((await second.cluster.get(deployment))?.metadata.uid, uid);
      } finally {
        await second.interrupt();
      }
    } finally {
      removeState(directory);
    }
  });

  test('kill -9 during a sync: the next start converges, nothing lost, nothing doubled', async () => {
    const first = await startQuickstart();
    const { directory, port } = first;
    try {
      const files = Array.from({ length: 40 }, (_, index) => `cm-${index}.yaml`);
      commit(first, {
        ...Object.fromEntries(
          files.map((file, index) => [
            `apps/base/${file}`,
            `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cm-${index}\ndata:\n  n: "${index}"\n`,
          ]),
        ),
        'apps/base/kustomization.yaml': (text) => `${text}${files.map((file) => `  - ${file}\n`).join('')}`,
      });
      await waitUntil(
        async () => (await first.cluster.list({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'demo' })).items.length > 3,
        10_000,
        () => first.output(),
      );
      await first.kill();
      const second = await startQuickstart({ directory, port });
      try {
        await waitUntil(
          async () => {
            const { items } = await second.cluster.list({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'demo' });
            return items.filter(({ metadata }) => metadata.name?.startsWith('cm-')).length === 40;
          },
          15_000,
          () => second.output(),
        );
        const apps = await second.cluster.get(kustomizationKey('apps'));
        assert.ok(apps);
        const { inventory } = apps['status'] as { inventory: { entries: { id: string }[] } };
        const entries = inventory.entries.map((entry) => entry.id);
        assert.equal(new Set(entries).size, entries.length);
        assert.equal(entries.filter((id) => id.startsWith('demo_cm-')).length, 40);
      } finally {
        await second.interrupt();
      }
    } finally {
      removeState(directory);
    }
  });

  test('a port in use is one clear line', async () => {
    const first = await startQuickstart();
    try {
      const { code, stderr } = await runSluice(['up', '--directory', `${first.directory}-other`, '--port', String(first.port)]);
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`^✗ .*port ${first.port} is in use.*--port`, 'm'));
      assert.equal(
        stderr
          .trim()
          .split('\n')
          .filter((line) => line.startsWith('✗')).length,
        1,
      );
    } finally {
      await first.interrupt();
      removeState(first.directory);
    }
  });

  test('a second start on the same directory is refused, and says who has it', async () => {
    const first = await startQuickstart();
    try {
      const { code, stderr } = await runSluice(['up', '--directory', first.directory]);
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`^✗ .*process ${first.pid}`, 'm'));
    } finally {
      await first.interrupt();
      removeState(first.directory);
    }
  });

  test('an old Node is one clear line', async () => {
    const script = `
      Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.0' } });
      const { setUp } = await import(${JSON.stringify(new URL('../../scripts/setup.mjs', import.meta.url).href)});
      setUp();`;
    const { code, stderr } = await runProgram(process.execPath, ['--input-type=module', '-e', script]);
    assert.equal(code, 1);
    assert.equal(stderr, 'Node 18.20.0 is too old: Sluice needs Node 20.19 or newer (https://nodejs.org).\n');
  });

  test('a missing Git is one clear line', async () => {
    const { code, stderr } = await runSluice(['up', '--directory', '/nonexistent/never-made'], { PATH: '/nonexistent' });
    assert.equal(code, 1);
    assert.match(stderr, /^✗ Git is missing: install it/m);
    assert.ok(!existsSync('/nonexistent/never-made'));
  });
});

async function readCommitted(quickstart: Quickstart, path: string): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  return readFile(`${quickstart.repository}/${path}`, 'utf8');
}

/** What would change if anything were written. */
async function versionsOf({ cluster }: Quickstart): Promise<Record<string, string | undefined>> {
  const objects = await Promise.all([greeter, deployment].map((key) => cluster.get(key)));
  return Object.fromEntries(objects.map((object) => [object?.kind ?? '', JSON.stringify(object?.['spec'] ?? object?.['data'])]));
}
