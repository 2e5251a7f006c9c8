import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import {
  commit,
  git,
  kustomizationKey,
  readyOf,
  removeState,
  runSluice,
  startQuickstart,
  waitForCommit,
  waitForState,
  waitUntil,
  type Quickstart,
} from '../quickstart.js';

const sshd = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/libexec/sshd'].some((path) => existsSync(path));
const operator = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  namespace: 'azure-service-operator-system',
  name: 'azure-service-operator-controller-manager',
};
const api = (namespace: string) => ({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'api' });
const repository = (name: string) => ({ apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository', namespace: 'flux-system', name });
const keySecret = { apiVersion: 'v1', kind: 'Secret', namespace: 'flux-system', name: 'flux-system' };

const replicasOf = (object: KubeObject | undefined): unknown => (object?.['spec'] as { replicas?: number } | undefined)?.replicas;
const imageOf = (object: KubeObject): string => /"image":"([^"]+)"/.exec(JSON.stringify(object))?.[1] ?? '';

describe('examples/management-cluster', () => {
  let management: Quickstart;
  let applications: Quickstart;
  const heard = (what: RegExp, withinMs = 20_000): Promise<void> =>
    waitUntil(
      () => what.test(management.output()),
      withinMs,
      () => `${what} in\n${management.output()}`,
    );
  const flux = async (line: string): Promise<string> => {
    const { code, stdout, stderr } = await runSluice(line.split(' '), { KUBECONFIG: management.kubeconfig });
    assert.equal(code, 0, `${line}: ${stderr}`);
    return stdout + stderr;
  };
  before(async () => {
    management = await startQuickstart({ example: 'management-cluster', repository: 'infrastructure' });
    applications = { ...management, repository: join(management.directory, 'repositories/applications') };
  });
  after(async () => {
    await management.interrupt();
    removeState(management.directory);
  });

  test('everything is there: the operator, its resources, two branches of the applications', async () => {
    assert.equal(replicasOf(await management.cluster.get(operator)), 2);
    const group = {
      apiVersion: 'resources.azure.com/v1api20200601',
      kind: 'ResourceGroup',
      namespace: 'production',
      name: 'rg-production',
    };
    assert.match(JSON.stringify(await management.cluster.get(group)), /"location":"westeurope"/);
    assert.equal(replicasOf(await management.cluster.get(api('development'))), 1);
    assert.equal(replicasOf(await management.cluster.get(api('production'))), 3);
  });

  test('repositories come over SSH, by a key that is in a Secret', { skip: sshd ? false : 'sshd is not installed' }, async () => {
    const object = await management.cluster.get(repository('infrastructure'));
    assert.match(JSON.stringify(object?.['spec']), /"url":"ssh:.*\/v3\/contoso\/platform\/infrastructure"/);
    assert.match(await flux('get sources git -n flux-system'), /applications-develop\s*\tdevelop@sha1:[0-9a-f]{8}\tFalse\s*\tTrue/);
  });

  test('what older versions of Flux had is in use: validation, and notifications of v1beta1', async () => {
    const infrastructure = await management.cluster.get(kustomizationKey('infrastructure'));
    assert.match(JSON.stringify(infrastructure?.['spec']), /"validation":"client"/);
    const notifications = join(management.repository, 'clusters/management/notifications');
    for (const file of ['providers.yaml', 'alerts.yaml'])
      assert.match(readFileSync(join(notifications, file), 'utf8'), /^apiVersion: notification\.toolkit\.fluxcd\.io\/v1beta1$/m);
    const secret = await management.cluster.get(keySecret);
    assert.equal(secret?.['type'], 'Opaque');
    assert.ok(['identity', 'known_hosts'].every((name) => Object.hasOwn(secret['data'] as object, name)));
  });

  test('rules and a dashboard', async () => {
    const rule = await management.cluster.get({
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      namespace: 'monitoring',
      name: 'flux',
    });
    assert.match(JSON.stringify(rule), /"alert":"GitRepositoryUnreachable"/);
    const dashboard = await management.cluster.get({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      namespace: 'monitoring',
      name: 'flux-dashboard',
    });
    const metrics = await (await fetch(`${engineUrl()}/metrics`)).text();
    // What the rules and panels ask for is there.
    const asked = new Set(JSON.stringify([rule, dashboard]).match(/\bgotk_[a-z_]+/g));
    assert.ok(asked.size >= 3);
    for (const name of asked) assert.ok(metrics.includes(`\n${name}`), `${name} in\n${metrics.slice(0, 2000)}`);
  });

  test('a change goes to development, and to production when it is merged', async () => {
    git(applications.repository, 'switch', '--quiet', 'develop');
    commit(applications, { 'api.yaml': (text) => text.replace('api:2.0.0', 'api:2.1.0') });
    await trigger();
    await waitForState(management, api('development'), (object) => imageOf(object).endsWith('api:2.1.0'), 20_000);
    assert.ok(imageOf((await management.cluster.get(api('production')))!).endsWith('api:2.0.0'));
    git(applications.repository, 'switch', '--quiet', 'main');
    git(applications.repository, 'merge', '--quiet', 'develop');
    await trigger();
    await waitForState(management, api('production'), (object) => imageOf(object).endsWith('api:2.1.0'), 20_000);
    await heard(/✉ slack #platform-alerts: kustomization\/production\.flux-system: .*Deployment\/production\/api configured/);
  });

  test('a change by hand is put right, and said', async () => {
    await management.cluster.patch(operator, 'merge', { spec: { replicas: 7 } }, { fieldManager: 'hand' });
    await waitForState(management, operator, (object) => replicasOf(object) === 2, 5_000);
    await heard(/✉ slack .*azure-service-operator-controller-manager.*\.spec\.replicas was changed by hand/);
  });

  test('what fails goes to chat and mail, once mended it is said too', async () => {
    commit(management, { 'platform/kustomization.yaml': (text) => `${text}  - missing.yaml\n` });
    await trigger();
    await heard(/✉ mail to platform@example\.com: .*infrastructure/);
    const output = management.output();
    assert.ok(!output.includes('the token of this example') && !output.includes('PRIVATE KEY'));
    const good = commit(management, { 'platform/kustomization.yaml': (text) => text.replace('  - missing.yaml\n', '') });
    await trigger();
    await waitForCommit(management, 'infrastructure', good);
  });

  test('a webhook with a wrong path is refused', async () => {
    assert.equal((await fetch(`${engineUrl()}/hook/0000`, { method: 'POST' })).status, 404);
  });

  test('the key is rotated', { skip: sshd ? false : 'sshd is not installed' }, async () => {
    const ssh = join(management.directory, 'ssh');
    const key = join(ssh, 'new');
    rmSync(key, { force: true });
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
    writeFileSync(join(ssh, 'authorized_keys'), readFileSync(`${key}.pub`));
    // The old key does not open any more.
    commit(management, { 'environments/production/resource-group.yaml': (text) => text.replace('${REGION}', 'northeurope') });
    await trigger();
    await waitForState(management, repository('infrastructure'), (object) => readyOf(object)?.status === 'False', 20_000);
    const text = JSON.stringify(await management.cluster.get(repository('infrastructure')));
    assert.ok(!text.includes('PRIVATE KEY'));
    // The new one does, as soon as it is in the Secret.
    await management.cluster.patch(keySecret, 'merge', { stringData: { identity: readFileSync(key, 'utf8') } });
    await waitForState(management, repository('infrastructure'), (object) => readyOf(object)?.status === 'True', 20_000);
    await waitForCommit(management, 'infrastructure', git(management.repository, 'rev-parse', 'HEAD').trim());
  });

  function engineUrl(): string {
    return /metrics at (http:\S+)\/metrics/.exec(management.output())?.[1] ?? '';
  }

  /** What the provider's webhook does. */
  async function trigger(): Promise<void> {
    const receiver = await management.cluster.get({
      apiVersion: 'notification.toolkit.fluxcd.io/v1',
      kind: 'Receiver',
      namespace: 'flux-system',
      name: 'azure-devops',
    });
    assert.ok(receiver);
    const { webhookPath } = receiver['status'] as { webhookPath: string };
    assert.equal((await fetch(`${engineUrl()}${webhookPath}`, { method: 'POST' })).status, 200);
  }
});
