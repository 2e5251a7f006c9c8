// The setups of examples/: which repositories each has, what it expects around it, and what Git does not hold.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../root.mjs';

const NAMESPACE = 'flux-system';

function secret(name, stringData) {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: NAMESPACE }, type: 'Opaque', stringData };
}

/** Charts of this machine in place of the public ones. */
function charts({ services }) {
  return [
    ['https://charts.example.com', `http://${services.web}/charts`],
    ['oci://registry.example.com', `oci://${services.web}`],
  ];
}

export const setups = {
  edge: {
    repositories: [{ name: 'edge' }],
    path: 'ops/flux',
    needs: [],
    replace: ({ repositoryUrl }) => [['https://github.com/example/edge', repositoryUrl('edge')]],
    manifests: () => [],
  },

  'management-cluster': {
    repositories: [
      { name: 'infrastructure', from: 'infrastructure' },
      { name: 'applications', from: 'applications', branches: ['develop'] },
    ],
    path: 'clusters/management',
    needs: ['web', 'mail', 'ssh'],
    sshPaths: (repositories) =>
      ['infrastructure', 'applications'].map((name) => [`/v3/contoso/platform/${name}`, join(repositories, name)]),
    replace: ({ services, repositoryUrl }) => [
      ...['infrastructure', 'applications'].map((name) => [
        `ssh://git@ssh.dev.azure.com/v3/contoso/platform/${name}`,
        services.ssh === undefined ? repositoryUrl(name) : `${services.ssh.url}/v3/contoso/platform/${name}`,
      ]),
      ['smtp://mail.example.com:25', `smtp://${services.mail}`],
    ],
    manifests: ({ services }) => [
      secret('flux-system', {
        identity: services.ssh?.identity ?? '',
        'identity.pub': services.ssh?.identityPublic ?? '',
        known_hosts: services.ssh?.knownHosts ?? '',
      }),
      secret('slack-webhook', { address: `http://${services.web}/slack` }),
      secret('webhook-token', { token: 'the token of this example' }),
    ],
  },

  'platform-monorepo': {
    repositories: [{ name: 'platform' }],
    path: 'flux-config/clusters/platform-core-dev/flux-system',
    needs: ['web'],
    replace: charts,
    manifests: () => [],
  },

  'home-cluster': {
    repositories: [{ name: 'home', from: 'home' }],
    path: 'kubernetes/flux/config',
    needs: ['web'],
    replace: charts,
    // What the README does by hand: a key, and the files of secrets encrypted for it.
    prepare: (draft, { directory }) => {
      const recipient = readFileSync(ageKey(directory), 'utf8').match(/^# public key: (\S+)$/m)[1];
      const rules = join(draft, '.sops.yaml');
      writeFileSync(rules, readFileSync(rules, 'utf8').replaceAll(/age1[0-9a-z]+/g, recipient));
      for (const name of ['cluster-secrets', 'github-webhook-token']) {
        const plain = join(root, 'examples/home-cluster/secrets-in-plain-text', `${name}.yaml`);
        const file = `kubernetes/flux/vars/${name}.sops.yaml`;
        const encrypted = sluice(draft, ['sops', 'encrypt', '--filename-override', file, plain]);
        writeFileSync(join(draft, file), encrypted);
      }
    },
    manifests: ({ directory }) => [secret('sops-age', { 'age.agekey': readFileSync(ageKey(directory), 'utf8') })],
  },
};

function ageKey(directory) {
  const file = join(directory, 'age.agekey');
  if (!existsSync(file)) sluice(directory, ['sops', 'keygen', '--output', file]);
  return file;
}

function sluice(cwd, args) {
  return execFileSync(process.execPath, [join(root, 'packages/cli/bin/sluice.js'), ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
