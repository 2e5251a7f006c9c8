import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import { commit, git, removeState, runSluice, startQuickstart, waitForCommit, waitForState, type Quickstart } from '../quickstart.js';

const proxy = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'edge', name: 'proxy' };
const PROXY = 'ops/k3s/apps/proxy.yaml';

const textOf = (object: KubeObject): string => JSON.stringify(object['spec']);
const replicasOf = (object: KubeObject): unknown => (object['spec'] as { replicas?: number }).replicas;

describe('examples/edge', () => {
  let edge: Quickstart;
  const flux = async (line: string): Promise<string> => {
    const { code, stdout, stderr } = await runSluice(line.split(' '), { KUBECONFIG: edge.kubeconfig });
    assert.equal(code, 0, `${line}: ${stderr}`);
    return stdout + stderr;
  };
  before(async () => {
    edge = await startQuickstart({ example: 'edge' });
  });
  after(async () => {
    await edge.interrupt();
    removeState(edge.directory);
  });

  test('infrastructure first, then what stands on it', async () => {
    const output = edge.output();
    assert.ok(output.indexOf('✔ kustomization infrastructure') < output.indexOf('✔ kustomization apps'), output);
    assert.ok(await edge.cluster.get(proxy));
    assert.ok(await edge.cluster.get({ apiVersion: 'apps/v1', kind: 'DaemonSet', namespace: 'edge', name: 'bird' }));
    assert.match(await flux('get kustomizations -n flux-system'), /apps\s*\tmain@sha1:[0-9a-f]{8}\tFalse\s*\tTrue/);
  });

  test('it is one small process', async () => {
    const resident = await residentMiB(edge.pid);
    assert.ok(resident === undefined || resident < 400, `${resident} MiB`);
  });

  test('a commit is deployed; git revert takes it back', async () => {
    const hash = commit(edge, { [PROXY]: (text) => text.replace('proxy:1.1.0', 'proxy:1.2.0') });
    assert.match(await flux('reconcile kustomization apps --with-source'), new RegExp(`applied revision main@sha1:${hash}`));
    await waitForState(edge, proxy, (object) => textOf(object).includes('proxy:1.2.0'), 5_000);
    git(edge.repository, 'revert', '--no-edit', 'HEAD');
    await waitForState(edge, proxy, (object) => textOf(object).includes('proxy:1.1.0'), 20_000);
  });

  test('suspended, a change by hand stays; resumed, it is as in Git', async () => {
    await flux('suspend kustomization apps');
    await edge.cluster.patch(proxy, 'merge', { spec: { replicas: 5 } }, { fieldManager: 'hand' });
    const hash = commit(edge, { 'ops/k3s/apps/firewall.yaml': (text) => text.replace('"100"', '"200"') });
    await waitForCommit(edge, 'infrastructure', hash);
    assert.equal(replicasOf((await edge.cluster.get(proxy))!), 5);
    await flux('resume kustomization apps');
    await waitForState(edge, proxy, (object) => replicasOf(object) === 2, 5_000);
    await waitForCommit(edge, 'apps', hash);
  });

  test('a new service is a new file', async () => {
    commit(edge, {
      'ops/k3s/apps/waf.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: waf\n  namespace: edge\ndata:\n  level: "3"\n',
    });
    await waitForState(edge, { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'edge', name: 'waf' }, () => true, 20_000);
  });
});

/** The memory of the process that `npm run example` has started; undefined where that can not be found out. */
async function residentMiB(parent: number): Promise<number | undefined> {
  const { readdir, readFile } = await import('node:fs/promises');
  for (const pid of await readdir('/proc').catch(() => [])) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    if (new RegExp(`^PPid:\\s+${parent}$`, 'm').test(status) && /^Name:\s+node/m.test(status))
      return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
  }
  return undefined;
}
