import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { field } from '../kinds/index.js';
import { startBootstrapWorld, type BootstrapWorld } from '../testing/bootstrap-world.js';
import { bitbucketApi, gitHubApi, giteaApi, gitLabApi, newState, type ServerState } from '../testing/git-apis.js';
import { startGitHost, withoutSshd, type Api, type GitHost } from '../testing/git-host.js';

interface Case {
  readonly command: string;
  readonly tokenVariable: string;
  readonly repository: string;
  readonly api: (state: ServerState) => Api;
  readonly args: readonly string[];
  readonly check: (state: ServerState, stderr: string) => void;
}

const cases: readonly Case[] = [
  {
    command: 'github',
    tokenVariable: 'GITHUB_TOKEN',
    repository: 'org/fleet',
    api: (state) => gitHubApi(state, 'org'),
    args: ['--owner=org', '--repository=fleet', '--branch=main', '--path=ops/flux', '--team=sre', '--team=nobody:push'],
    check: ({ created, grants }, stderr) => {
      assert.deepEqual(created, [{ name: 'fleet', private: true, visibility: 'private' }]);
      assert.deepEqual(grants, { sre: 'maintain' });
      assert.match(stderr, /✗ failed to grant "push" permissions to "nobody"/);
    },
  },
  {
    command: 'gitlab',
    tokenVariable: 'GITLAB_TOKEN',
    repository: 'group/team/fleet',
    api: gitLabApi,
    args: [
      '--owner=group/team',
      '--repository=fleet',
      '--path=./clusters/prod/flux-system',
      '--team=friends',
      '--ssh-key-algorithm=ed25519',
    ],
    check: ({ created, grants }) => {
      assert.deepEqual(created, [{ name: 'fleet', path: 'fleet', visibility: 'private', default_branch: 'main', namespace_id: 7 }]);
      assert.deepEqual(grants, { 8: 40 });
    },
  },
  {
    command: 'gitea',
    tokenVariable: 'GITEA_TOKEN',
    repository: 'org/fleet',
    api: giteaApi,
    args: ['--owner=org', '--repository=fleet', '--personal', '--private=false', '--path=.', '--ssh-key-algorithm=rsa', '--read-write-key'],
    check: ({ created, keys }) => {
      assert.deepEqual(created, [{ name: 'fleet', private: false, default_branch: 'main' }]);
      assert.equal(keys[0]?.write, true);
    },
  },
  {
    command: 'bitbucket-server',
    tokenVariable: 'BITBUCKET_TOKEN',
    repository: 'scm/PLAT/fleet',
    api: bitbucketApi,
    args: ['--owner=Platform', '--repository=fleet', '--username=someone', '--group=sre', '--path=a'],
    check: ({ created, grants }) => {
      assert.deepEqual(created, [{ name: 'fleet', scmId: 'git', defaultBranch: 'main', public: false }]);
      assert.deepEqual(grants, { sre: 'REPO_WRITE' });
    },
  },
];

for (const { command, tokenVariable, repository, api, args, check } of cases) {
  describe(`bootstrap ${command}`, { skip: withoutSshd }, () => {
    const state = newState();
    let host: GitHost;
    let world: BootstrapWorld;
    let path: string | undefined;
    before(async () => {
      [host, world] = await Promise.all([startGitHost(api(state)), startBootstrapWorld()]);
      path = process.env['PATH'];
      process.env['PATH'] = `${host.sshPath}:${path ?? ''}`;
    });
    after(async () => {
      process.env['PATH'] = path;
      await world.close();
      await host.close();
    });
    const run = (more: readonly string[] = [], token = host.token) =>
      world.flux(
        [
          'bootstrap',
          command,
          `--hostname=${host.address}`,
          `--ssh-hostname=${host.sshAddress}`,
          `--ca-file=${host.caFile}`,
          '--timeout=5m',
          ...args,
          ...more,
        ],
        { [tokenVariable]: token },
      );

    test('makes the repository and the deploy key, and syncs by it; then finds everything done; then by the token', async () => {
      const first = await run();
      assert.equal(first.code, 0, first.stderr);
      assert.deepEqual(host.unknownCalls, []);
      assert.equal(state.keys.length, 1);
      check(state, first.stderr);
      const source = { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository', namespace: 'flux-system', name: 'flux-system' };
      assert.match(String(field(await world.cluster.get(source), 'spec', 'url')), new RegExp(`^ssh://git@${host.sshAddress}/`));
      const key = state.keys[0]?.key;
      const head = host.git(repository, 'rev-parse', 'main');

      // Somebody deletes the key at the server: the next run makes it known again.
      const [gone] = state.keys.splice(0);
      host.revokeKey(gone?.key ?? '');
      const second = await run(['--reconcile']);
      assert.equal(second.code, 0, second.stderr);
      assert.equal(state.keys.length, 1);
      assert.equal(state.keys[0]?.key.split(' ')[1], key?.split(' ')[1]);
      assert.equal(host.git(repository, 'rev-parse', 'main'), head);

      const third = await run(['--token-auth']);
      assert.equal(third.code, 0, third.stderr);
      const secret = await world.cluster.get({ apiVersion: 'v1', kind: 'Secret', namespace: 'flux-system', name: 'flux-system' });
      assert.deepEqual(Object.keys(field(secret, 'data') as object).toSorted(), ['ca.crt', 'password', 'username']);
      assert.deepEqual(host.unknownCalls, []);
      if (command !== 'gitlab') return;
      const fourth = await run(['--deploy-token-auth']);
      assert.equal(fourth.code, 0, fourth.stderr);
      assert.deepEqual(state.tokens[0]?.scopes, ['read_repository']);
    });

    test('a wrong token is one clear message', async () => {
      const { code, stderr } = await run([], 'wrong');
      assert.equal(code, 1);
      assert.match(
        stderr,
        new RegExp(`✗ .*the token is not accepted \\(GET https://.* answered 401: Bad credentials\\); check ${tokenVariable}`),
      );
    });
  });
}
