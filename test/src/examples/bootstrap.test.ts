import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { gitHubApi, gitLabApi, newState, startBootstrapWorld, withoutSshd, type BootstrapWorld, type GitHost } from '@sluice/cli/testing';
import type { JsonObject, KubeObject } from '@sluice/core';
import type { ObjectKey } from '@sluice/kube';
import { git, onPath, readyOf, waitUntil } from '../quickstart.js';
import { createSecrets, startSurroundings, type Surroundings } from './surroundings.js';

/** Some things take a while on a busy machine. */
const PATIENCE_MS = 120_000;

async function isReady(world: BootstrapWorld, key: ObjectKey, wanted: (object: KubeObject) => boolean = () => true): Promise<void> {
  let last: KubeObject | undefined;
  await waitUntil(
    async () => {
      last = await world.cluster.get(key);
      return last !== undefined && (last['status'] === undefined || readyOf(last)?.status !== 'False') && wanted(last);
    },
    PATIENCE_MS,
    () => `${key.kind} ${key.name}: ${JSON.stringify(last?.['status'], undefined, 1)}`,
  );
}

/** `flux bootstrap` from the branch main of a repository named fleet, which is there. */
async function bootstrapFrom(world: BootstrapWorld, { host }: Surroundings, provider: 'github' | 'gitlab', args: string[]): Promise<void> {
  const where = [`--hostname=${host.address}`, `--ssh-hostname=${host.sshAddress}`, `--ca-file=${host.caFile}`];
  const { code, stderr } = await world.flux(
    ['bootstrap', provider, '--repository=fleet', '--branch=main', '--timeout=2m', ...where, ...args],
    { [`${provider.toUpperCase()}_TOKEN`]: host.token },
  );
  assert.equal(code, 0, stderr);
  assert.deepEqual(host.unknownCalls, []);
}

const kustomization = (name: string): ObjectKey => ({
  apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
  kind: 'Kustomization',
  namespace: 'flux-system',
  name,
});
const applied = (world: BootstrapWorld, name: string, hash: string): Promise<void> =>
  isReady(
    world,
    kustomization(name),
    (object) => readyOf(object)?.status === 'True' && (object['status'] as JsonObject)['lastAppliedRevision'] === `main@sha1:${hash}`,
  );
const head = (host: GitHost, repository: string): string => host.git(repository, 'rev-parse', 'main');
const place = (repository: string): string => `v3/contoso/platform/${repository}`;
const replicas = (object: KubeObject): unknown => (object['spec'] as JsonObject)['replicas'];
const password = (object: KubeObject | undefined): string => {
  const { password: encoded = '' } = (object?.['data'] ?? {}) as { password?: string };
  return Buffer.from(encoded, 'base64').toString();
};

/** The names of what runs in a cluster. */
async function everything({ cluster }: BootstrapWorld): Promise<string[]> {
  const kinds = [
    ['v1', 'ConfigMap'],
    ['v1', 'Service'],
    ['apps/v1', 'Deployment'],
    ['networking.k8s.io/v1', 'Ingress'],
    ['helm.toolkit.fluxcd.io/v2', 'HelmRelease'],
    ['kustomize.toolkit.fluxcd.io/v1', 'Kustomization'],
  ] as const;
  const lists = await Promise.all(kinds.map(([apiVersion, kind]) => cluster.list({ apiVersion, kind })));
  return lists
    .flatMap(({ items }, index) => items.map(({ metadata }) => `${kinds[index]![1]}/${metadata.namespace}/${metadata.name}`))
    .filter((name) => !name.includes('kube-'))
    .toSorted();
}

describe('bootstrap of the examples', { skip: withoutSshd }, () => {
  test('management-cluster: over SSH from an address such as that of Azure DevOps', async () => {
    const url = (host: GitHost, name: string): string => `ssh://git@${host.sshAddress}/${place(name)}`;
    const around = await startSurroundings('management-cluster', undefined, place, url);
    const world = await startBootstrapWorld();
    try {
      await createSecrets(world, 'management-cluster', around);
      const key = around.newKey('identity', 'write');
      const { code, stderr } = await world.flux([
        'bootstrap',
        'git',
        `--url=${url(around.host, 'infrastructure')}`,
        '--branch=main',
        '--path=clusters/management',
        '--components-extra=image-reflector-controller,image-automation-controller',
        `--private-key-file=${key}`,
        '--author-name=Platform Team',
        '--author-email=platform@example.com',
        '--timeout=2m',
      ]);
      assert.equal(code, 0, stderr);
      assert.match(
        around.host.git(place('infrastructure'), 'log', '-2', '--format=%an <%ae>', 'main'),
        /^Platform Team <platform@example\.com>$/m,
      );
      const secret = await world.cluster.get({ apiVersion: 'v1', kind: 'Secret', namespace: 'flux-system', name: 'flux-system' });
      assert.equal(secret?.['type'], 'Opaque');
      assert.deepEqual(Object.keys(secret['data'] as object).toSorted(), ['identity', 'identity.pub', 'known_hosts']);
      for (const name of ['image-reflector-controller', 'image-automation-controller', 'notification-controller'])
        assert.ok(await world.cluster.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'flux-system', name }), name);
      for (const name of ['infrastructure', 'monitoring', 'development', 'production'])
        await isReady(world, kustomization(name), (object) => readyOf(object)?.status === 'True');
      await waitUntil(
        () => around.inbox.some((line) => line.startsWith('✉ slack #platform-alerts: ')),
        20_000,
        () => around.inbox.join('\n'),
      );
      // Committed at the server, by somebody else.
      const hash = around.host.commit(place('infrastructure'), { 'platform/settings.yaml': '# nothing yet\n' });
      const reconciled = await world.flux(['reconcile', 'kustomization', 'infrastructure', '--with-source', '--timeout=1m']);
      assert.equal(reconciled.code, 0, reconciled.stderr);
      await applied(world, 'infrastructure', hash);
    } finally {
      await world.close();
      await around.close();
    }
  });

  test('platform-monorepo: bootstrap gitlab to clusters/<name>/flux-system, with a key of its own; then a second cluster', async () => {
    const state = newState();
    const around = await startSurroundings(
      'platform-monorepo',
      gitLabApi(state),
      () => 'group/team/fleet',
      (host) => `ssh://git@${host.sshAddress}/group/team/fleet`,
    );
    const key = around.newKey('identity', 'read');
    const bootstrap = async (cluster: string): Promise<BootstrapWorld> => {
      const world = await startBootstrapWorld();
      const path = `--path=./flux-config/clusters/${cluster}/flux-system`;
      await bootstrapFrom(world, around, 'gitlab', ['--owner=group/team', path, `--private-key-file=${key}`]);
      return world;
    };
    const development = await bootstrap('platform-core-dev');
    let staging: BootstrapWorld | undefined;
    const controller = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'ingress-nginx', name: 'ingress-nginx-dev-controller' };
    try {
      // As with Flux, what bootstrap makes lies in a flux-system of the path; the guide's own file is beside it.
      const files = around.host.git('group/team/fleet', 'ls-tree', '-r', '--name-only', 'main').split('\n');
      const path = 'flux-config/clusters/platform-core-dev/flux-system';
      assert.deepEqual(
        files.filter((file) => file.startsWith(path)),
        [
          ...['gotk-components', 'gotk-sync', 'kustomization'].map((name) => `${path}/flux-system/${name}.yaml`),
          `${path}/kustomizations.yaml`,
        ],
      );
      for (const name of ['namespaces', 'helm-repositories', 'components', 'cluster-issuers', 'apps'])
        await isReady(development, kustomization(name), (object) => readyOf(object)?.status === 'True');
      await isReady(development, controller, (object) => replicas(object) === 1);

      // The guide's steps: copy, but for what bootstrap has made; adapt; push; bootstrap the new cluster.
      const work = join(around.context.directory, 'work');
      git(around.context.directory, 'clone', '--quiet', join(around.host.directory, 'repositories/group/team/fleet.git'), work);
      const [from, to] = ['dev', 'stg'].map((name) => join(work, `flux-config/clusters/platform-core-${name}`)) as [string, string];
      cpSync(from, to, { recursive: true, filter: (path) => !/gotk-|flux-system\/kustomization\.yaml/.test(path) });
      const edit = (file: string, change: (text: string) => string): void =>
        writeFileSync(join(to, file), change(readFileSync(join(to, file), 'utf8')));
      edit('flux-system/kustomizations.yaml', (text) => text.replaceAll('platform-core-dev', 'platform-core-stg'));
      edit('infrastructure/components/ingress-nginx/kustomization.yaml', (text) => text.replace('replicaCount: 1', 'replicaCount: 4'));
      git(work, 'add', '--all');
      git(work, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', 'commit', '--quiet', '--message', 'Staging');
      git(work, 'push', '--quiet');
      staging = await bootstrap('platform-core-stg');
      await isReady(staging, kustomization('apps'), (object) => readyOf(object)?.status === 'True');
      await isReady(staging, controller, (object) => replicas(object) === 4);
      // The first cluster would look at its repository within the minute.
      const fetched = await development.flux(['reconcile', 'source', 'git', 'flux-system']);
      assert.equal(fetched.code, 0, fetched.stderr);
      await applied(development, 'apps', head(around.host, 'group/team/fleet'));
      assert.equal(replicas((await development.cluster.get(controller))!), 1);

      // The guide's commands when something is wrong.
      const shown = await development.flux(['logs', 'kustomize-controller', '-n', 'flux-system', '--level=error']);
      assert.equal(shown.code, 0, shown.stderr);
    } finally {
      await staging?.close();
      await development.close();
      await around.close();
    }
  });

  test('home-cluster: the cluster is lost; bootstrap again, and everything is back', async () => {
    const state = newState();
    const around = await startSurroundings(
      'home-cluster',
      gitHubApi(state, 'org'),
      () => 'org/fleet',
      (host) => `ssh://git@${host.sshAddress}/org/fleet`,
    );
    const bootstrap = async (): Promise<BootstrapWorld> => {
      const world = await startBootstrapWorld();
      // The one thing that is in no repository.
      await createSecrets(world, 'home-cluster', around);
      await bootstrapFrom(world, around, 'github', ['--owner=org', '--personal', '--path=kubernetes/flux/config']);
      for (const name of ['cluster', 'infrastructure', 'operators', 'core', 'apps'])
        await isReady(world, kustomization(name), (object) => readyOf(object)?.status === 'True');
      return world;
    };
    const database = { apiVersion: 'v1', kind: 'Secret', namespace: 'databases', name: 'database' };
    try {
      const first = await bootstrap();
      assert.equal(password(await first.cluster.get(database)), 'correct horse battery staple');
      const before = await everything(first);
      const commit = head(around.host, 'org/fleet');
      await first.close();

      const second = await bootstrap();
      try {
        assert.equal(head(around.host, 'org/fleet'), commit, 'Git has everything already');
        assert.equal(password(await second.cluster.get(database)), 'correct horse battery staple');
        assert.deepEqual(await everything(second), before);
      } finally {
        await second.close();
      }
    } finally {
      await around.close();
    }
  });

  describe('edge', () => {
    let around: Surroundings;
    const proxy = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'edge', name: 'proxy' };
    before(async () => {
      around = await startSurroundings(
        'edge',
        gitHubApi(newState(), 'org'),
        () => 'org/fleet',
        // A public repository: everybody may read it.
        (host) => `https://${host.user}:${host.token}@${host.address}/org/fleet.git`,
      );
    });
    after(() => around.close());

    test('bootstrap github --personal', async () => {
      const world = await startBootstrapWorld();
      try {
        await bootstrapFrom(world, around, 'github', ['--owner=org', '--path=ops/flux', '--personal', '--private=false']);
        await isReady(world, kustomization('flux-system'), (object) => readyOf(object)?.status === 'True');
        assert.ok(await world.cluster.get(kustomization('apps')));
      } finally {
        await world.close();
      }
    });

    test('by kubectl apply alone', { skip: onPath('kubectl') ? false : 'kubectl is not installed' }, async () => {
      const world = await startBootstrapWorld();
      const directory = mkdtempSync(join(tmpdir(), 'sluice-apply-'));
      const kubectl = (...args: string[]) =>
        promisify(execFile)('kubectl', args, {
          env: { ...process.env, KUBECONFIG: world.kubeconfig, KUBECACHEDIR: join(directory, 'cache') },
        });
      try {
        const exported = await world.flux(['install', '--export']);
        assert.equal(exported.code, 0, exported.stderr);
        mkdirSync(join(directory, 'flux-system'));
        writeFileSync(join(directory, 'flux-system/gotk-components.yaml'), exported.stdout);
        await kubectl('apply', '-f', join(directory, 'flux-system'));
        const draft = join(around.context.directory, 'drafts/edge/ops/flux');
        for (const name of ['git-repository.yaml', 'infrastructure.yaml', 'apps.yaml']) {
          const text = readFileSync(join(draft, name), 'utf8').replaceAll(
            /https:\/\/[^@\s]+@[^\s]+/g,
            () => `ssh://git@${around.host.sshAddress}/org/fleet`,
          );
          writeFileSync(join(directory, name), name === 'git-repository.yaml' ? `${text.trimEnd()}\n  secretRef:\n    name: edge\n` : text);
        }
        const key = around.newKey('apply', 'read');
        const made = await world.flux([
          'create',
          'secret',
          'git',
          'edge',
          `--url=ssh://git@${around.host.sshAddress}/org/fleet`,
          `--private-key-file=${key}`,
        ]);
        assert.equal(made.code, 0, made.stderr);
        for (const name of ['git-repository.yaml', 'infrastructure.yaml', 'apps.yaml']) await kubectl('apply', '-f', join(directory, name));
        await applied(world, 'apps', head(around.host, 'org/fleet'));
        assert.ok(await world.cluster.get(proxy));
        const { stdout } = await kubectl('get', 'pods', '-n', 'flux-system');
        assert.match(stdout, /source-controller-\S+ +1\/1 +Running/);
        // What its users look at when it does not sync.
        assert.match((await kubectl('get', 'events', '-n', 'flux-system', '--sort-by=.lastTimestamp')).stdout, /kustomization\/apps/);
        assert.match(
          (await kubectl('describe', 'kustomization', 'infrastructure', '-n', 'flux-system')).stdout,
          /Applied revision: main@sha1:/,
        );
        for (const line of ['logs --level=info --all-namespaces', 'get sources git edge', 'get all', 'reconcile source git edge']) {
          const { code, stderr } = await world.flux(line.split(' '));
          assert.equal(code, 0, `${line}: ${stderr}`);
        }
      } finally {
        await world.close();
        rmSync(directory, { recursive: true, force: true });
      }
    });
  });
});
