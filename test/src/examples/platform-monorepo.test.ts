import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import {
  commit,
  kubectlFor,
  kustomizationKey,
  readyOf,
  removeState,
  runSluice,
  startQuickstart,
  waitForCommit,
  waitForState,
  type Quickstart,
} from '../quickstart.js';

const DEV = 'flux-config/clusters/platform-core-dev';
const LAYERS = ['namespaces', 'helm-repositories', 'components', 'cluster-issuers', 'apps'];

const deployment = (name: string, namespace = name) => ({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name });
const replicasOf = (object: KubeObject | undefined): unknown => (object?.['spec'] as { replicas?: number } | undefined)?.replicas;

describe('examples/platform-monorepo', () => {
  let platform: Quickstart;
  const flux = async (line: string): Promise<string> => {
    const { code, stdout, stderr } = await runSluice(line.split(' '), { KUBECONFIG: platform.kubeconfig });
    assert.equal(code, 0, `${line}: ${stderr}`);
    return stdout + stderr;
  };
  before(async () => {
    platform = await startQuickstart({ example: 'platform-monorepo', repository: 'platform' });
  });
  after(async () => {
    await platform.interrupt();
    removeState(platform.directory);
  });

  test('the layers come up in their order', async () => {
    const output = platform.output();
    const places = LAYERS.map((name) => output.indexOf(`✔ kustomization ${name}: Applied revision`));
    assert.ok(
      places.every((place) => place > 0),
      output,
    );
    const [namespaces = 0, repositories = 0, components = 0, issuers = 0, apps = 0] = places;
    assert.ok(namespaces < repositories && repositories < components && components < issuers && components < apps, output);
  });

  test('releases are patched for this cluster', async () => {
    assert.equal(replicasOf(await platform.cluster.get(deployment('ingress-nginx-dev-controller', 'ingress-nginx'))), 1);
    const service = await platform.cluster.get({
      apiVersion: 'v1',
      kind: 'Service',
      namespace: 'ingress-nginx',
      name: 'ingress-nginx-dev-controller',
    });
    assert.equal(service?.metadata.annotations?.['service.beta.kubernetes.io/azure-load-balancer-internal'], 'true');
    const issuer = await platform.cluster.get({ apiVersion: 'cert-manager.io/v1', kind: 'ClusterIssuer', name: 'letsencrypt-staging' });
    assert.match(JSON.stringify(issuer), /"email":"dev-cluster-admin@example.com"/);
    const settings = await platform.cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'portal', name: 'portal' });
    assert.deepEqual(settings?.['data'], { LOG_LEVEL: 'debug' });
  });

  test("the guide's commands", async () => {
    const kustomizations = await flux('get kustomizations -A');
    for (const name of LAYERS) assert.match(kustomizations, new RegExp(`${name}\\s*\\tmain@sha1:[0-9a-f]{8}\\tFalse\\s*\\tTrue`));
    assert.match(await flux('get hr -A'), /ingress-nginx\s*\tingress-nginx-dev\s*\t4\.11\.3\s*\tFalse\s*\tTrue/);
    assert.match(await flux('get sources helm -A'), /jetstack\s*\tsha256:/);
    assert.match(await flux('reconcile kustomization components -n flux-system --with-source'), /applied revision main@sha1:/);
    const kubectl = kubectlFor(platform);
    if (kubectl !== undefined) {
      assert.match(await kubectl('describe kustomization components -n flux-system'), /Applied revision: main@sha1:/);
      assert.match(await kubectl('describe hr ingress-nginx-dev -n ingress-nginx'), /Helm install succeeded/);
    }
    assert.match(await flux('get hr ingress-nginx-dev -n ingress-nginx'), /ingress-nginx-dev\s*\t4\.11\.3\s*\tFalse\s*\tTrue/);
    const built = await flux(`kustomize build ${join(platform.repository, DEV, 'infrastructure/components')}`);
    assert.match(built, /kind: HelmRelease/);
  });

  test('a new application, as the guide says', async () => {
    const hash = commit(platform, {
      'flux-config/bases/my-app/helmrelease.yaml': readBase(platform, 'portal')
        .replaceAll('portal', 'my-app')
        .replace('namespace: my-app', 'namespace: default'),
      'flux-config/bases/my-app/kustomization.yaml':
        'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - helmrelease.yaml\n',
      [`${DEV}/apps/my-app/kustomization.yaml`]:
        'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: my-app\nresources:\n  - ../../../../bases/my-app\n',
      [`${DEV}/apps/kustomization.yaml`]: (text) => `${text}  - ./my-app\n`,
      [`${DEV}/infrastructure/namespaces/my-app.yaml`]: 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: my-app\n',
      [`${DEV}/infrastructure/namespaces/kustomization.yaml`]: (text) => `${text}  - my-app.yaml\n`,
    });
    await waitForCommit(platform, 'apps', hash);
    assert.equal(replicasOf(await platform.cluster.get(deployment('my-app'))), 2);
    assert.match(await flux('get hr my-app -n my-app'), /my-app\s*\t1\.4\.0/);
  });

  test('a change of a base reaches what is made of it', async () => {
    commit(platform, { 'flux-config/bases/my-app/helmrelease.yaml': (text) => text.replace('replicaCount: 2', 'replicaCount: 3') });
    await waitForState(platform, deployment('my-app'), (object) => replicasOf(object) === 3, 20_000);
  });

  test('a value that the chart does not take: the release says so, the layer waits, and the next commit mends it', async () => {
    commit(platform, { 'flux-config/bases/my-app/helmrelease.yaml': (text) => text.replace('version: "1.x"', 'version: "9.x"') });
    const release = { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', namespace: 'my-app', name: 'my-app' };
    const chart = { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'HelmChart', namespace: 'flux-system', name: 'my-app-my-app' };
    await waitForState(
      platform,
      chart,
      (object) => /no 'web' chart with version matching '9.x'/.test(readyOf(object)?.message ?? ''),
      20_000,
    );
    assert.equal(replicasOf(await platform.cluster.get(deployment('my-app'))), 3, 'what runs goes on');
    const good = commit(platform, { 'flux-config/bases/my-app/helmrelease.yaml': (text) => text.replace('"9.x"', '"1.x"') });
    await waitForCommit(platform, 'apps', good);
    await waitForState(platform, release, (object) => readyOf(object)?.status === 'True', 20_000);
  });

  test('a second cluster from a copy of the first', async () => {
    const [from, to] = ['platform-core-dev', 'platform-core-stg'];
    cpSync(join(platform.repository, 'flux-config/clusters', from), join(platform.repository, 'flux-config/clusters', to), {
      recursive: true,
    });
    commit(platform, {
      [`flux-config/clusters/${to}/flux-system/kustomizations.yaml`]: (text) => text.replaceAll(from, to),
      [`flux-config/clusters/${to}/infrastructure/components/ingress-nginx/kustomization.yaml`]: (text) =>
        text.replace('replicaCount: 1', 'replicaCount: 4').replace('ingress-nginx-dev', 'ingress-nginx-stg'),
    });
    const args = ['--repository', platform.repository, '--path', `flux-config/clusters/${to}/flux-system`];
    const staging = await startQuickstart({ args });
    try {
      assert.equal(readyOf((await staging.cluster.get(kustomizationKey('apps')))!)?.status, 'True', staging.output());
      assert.equal(replicasOf(await staging.cluster.get(deployment('ingress-nginx-stg-controller', 'ingress-nginx'))), 4);
      assert.equal(replicasOf(await platform.cluster.get(deployment('ingress-nginx-dev-controller', 'ingress-nginx'))), 1);
    } finally {
      await staging.interrupt();
      removeState(staging.directory);
    }
  });
});

function readBase({ repository }: Quickstart, name: string): string {
  return readFileSync(join(repository, 'flux-config/bases', name, 'helmrelease.yaml'), 'utf8').replace('chart: portal', 'chart: web');
}
