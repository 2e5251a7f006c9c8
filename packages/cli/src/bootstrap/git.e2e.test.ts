import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { field } from '../kinds/index.js';
import { startBootstrapWorld, type BootstrapWorld } from '../testing/bootstrap-world.js';
import { startGitHost, withoutSshd, type GitHost } from '../testing/git-host.js';

const NAMESPACE = 'flux-system';
const secretKey = { apiVersion: 'v1', kind: 'Secret', namespace: NAMESPACE, name: NAMESPACE };

describe('bootstrap git', { skip: withoutSshd }, () => {
  let host: GitHost;
  let world: BootstrapWorld;
  before(async () => {
    [host, world] = await Promise.all([startGitHost(), startBootstrapWorld()]);
  });
  after(async () => {
    await world.close();
    await host.close();
  });

  /** In a process of its own, while this one is the server that it asks. */
  const kubectl = async (...words: string[]): Promise<string> =>
    (await promisify(execFile)('kubectl', words, { env: { ...process.env, KUBECONFIG: world.kubeconfig } })).stdout;

  test('over SSH with a key, into an empty repository; again, nothing is done', async () => {
    host.create('org/fleet');
    execFileSync('ssh-keygen', ['-q', '-t', 'ecdsa', '-N', '', '-f', join(host.directory, 'mine')]);
    host.allowKey(readFileSync(join(host.directory, 'mine.pub'), 'utf8'), 'write');
    const args = [
      'bootstrap',
      'git',
      `--url=ssh://${userInfo().username}@${host.sshAddress}/org/fleet`,
      `--private-key-file=${join(host.directory, 'mine')}`,
      '--path=clusters/prod',
      '--timeout=5m',
    ];
    const first = await world.flux(args);
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stderr, /✔ all components are healthy\n$/);
    const files = host.git('org/fleet', 'ls-tree', '-r', '--name-only', 'main').split('\n');
    const place = 'clusters/prod/flux-system';
    assert.deepEqual(files, [`${place}/gotk-components.yaml`, `${place}/gotk-sync.yaml`, `${place}/kustomization.yaml`]);
    const secret = await world.cluster.get(secretKey);
    assert.deepEqual(Object.keys(field(secret, 'data') as object).toSorted(), ['identity', 'identity.pub', 'known_hosts']);
    assert.match(await kubectl('get', 'kustomizations', '-n', NAMESPACE), /flux-system .*True .*Applied revision: main@sha1:/);
    assert.match(await kubectl('get', 'deployments', '-n', NAMESPACE), /source-controller +1\/1/);

    const commit = host.git('org/fleet', 'rev-parse', 'main');
    const again = await world.flux(args);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /component manifests are up to date[\s\S]*sync manifests are up to date/);
    assert.equal(host.git('org/fleet', 'rev-parse', 'main'), commit);
    assert.match((await world.flux(['check', '--timeout=10s'])).stderr, /✔ bootstrapped: true[\s\S]*✔ all checks passed/);
    assert.match((await world.flux(['install'])).stderr, /already been bootstrapped/);
  });

  test('another path is refused before anything is done', async () => {
    const before = host.git('org/fleet', 'rev-parse', 'main');
    const { code, stderr } = await world.flux([
      'bootstrap',
      'git',
      `--url=https://${host.address}/org/fleet.git`,
      '--password=the-right-token',
      '--token-auth',
      `--ca-file=${host.caFile}`,
      '--path=./clusters/other/',
    ]);
    assert.equal(code, 1);
    assert.match(stderr, /would overwrite path \("\.\/clusters\/prod"\) of existing Kustomization/);
    assert.equal(host.git('org/fleet', 'rev-parse', 'main'), before);
  });

  test('the cluster follows a commit; then with a token over HTTPS, and with patches of theirs', async () => {
    host.commit('org/fleet', { 'clusters/prod/flux-system/kustomization.yaml': patched });
    const { code, stderr } = await world.flux([
      'bootstrap',
      'git',
      `--url=https://${host.address}/org/fleet.git`,
      `--password=${host.token}`,
      '--token-auth',
      `--ca-file=${host.caFile}`,
      '--path=/clusters/prod/',
      '--timeout=5m',
    ]);
    assert.equal(code, 0, stderr);
    assert.equal(host.git('org/fleet', 'show', 'main:clusters/prod/flux-system/kustomization.yaml'), patched.trim());
    const secret = await world.cluster.get(secretKey);
    assert.deepEqual(Object.keys(field(secret, 'data') as object).toSorted(), ['ca.crt', 'password', 'username']);
    const deployment = await world.cluster.get({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      namespace: NAMESPACE,
      name: 'kustomize-controller',
    });
    const [container] = field(deployment, 'spec', 'template', 'spec', 'containers') as unknown[];
    assert.ok((field(container, 'args') as string[]).includes('--concurrent=20'));
  });
});

const patched = `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- gotk-components.yaml
- gotk-sync.yaml
patches:
- target: {kind: Deployment, name: kustomize-controller}
  patch: |
    - op: add
      path: /spec/template/spec/containers/0/args/-
      value: --concurrent=20
`;
