import type { CommandSpec, FlagSpec } from '../command-line/index.js';
import { receiverType } from './flux-create-values.js';
import { sshKeyFlags } from './key-flags.js';

type SecretType = Parameters<(typeof import('../commands/create-secret.js'))['createSecret']>[0];

const text = (name: string, usage: string, shorthand?: string): FlagSpec => ({
  name,
  type: 'string',
  usage,
  ...(shorthand === undefined ? {} : { shorthand }),
});
const list = (name: string, usage: string): FlagSpec => ({ name, type: 'strings', usage });

const username = text('username', 'basic authentication username', 'u');
const password = text('password', 'basic authentication password', 'p');
const tlsFiles = [
  text('ca-crt-file', 'TLS authentication CA file path'),
  text('tls-crt-file', 'TLS authentication cert file path'),
  text('tls-key-file', 'TLS authentication key file path'),
];

function secret(name: SecretType, of: string, example: string, flags: readonly FlagSpec[]): CommandSpec {
  return {
    name,
    args: '[name]',
    short: `Create or update ${of}`,
    example,
    flags,
    load: async () => {
      const { createSecret } = await import('../commands/create-secret.js');
      return { run: (invocation) => createSecret(name, invocation) };
    },
  };
}

/** `create secret …`. */
export const createSecretCommand: CommandSpec = {
  name: 'secret',
  short: 'Create or update Kubernetes secrets',
  long: 'The create secret sub-commands make the Secrets that sources, receivers and decryption need.',
  commands: [
    secret(
      'git',
      'a Kubernetes secret for Git authentication',
      `  # For SSH, with a key that is made now; the server's own key is asked for
  flux create secret git podinfo-auth \\
    --url=ssh://git@github.com/stefanprodan/podinfo \\
    --ssh-key-algorithm=ecdsa \\
    --ssh-ecdsa-curve=p521

  # For SSH, with a key of yours
  flux create secret git podinfo-auth \\
    --url=ssh://git@github.com/stefanprodan/podinfo \\
    --private-key-file=./private.key

  # For HTTPS
  flux create secret git podinfo-auth \\
    --url=https://github.com/stefanprodan/podinfo \\
    --username=username \\
    --password=password`,
      [
        text('bearer-token', 'bearer authentication token'),
        text('ca-crt-file', 'path to TLS CA certificate file used for validating self-signed certificates'),
        password,
        text('private-key-file', 'path to a passwordless private key file used for authenticating to the Git SSH server'),
        ...sshKeyFlags,
        text('url', 'git address, e.g. ssh://git@host/org/repository'),
        username,
      ],
    ),
    secret(
      'githubapp',
      'a github app secret',
      `  # As a file
  flux create secret githubapp podinfo-auth \\
    --app-id="1" \\
    --app-installation-id="2" \\
    --app-private-key=./private-key-file.pem \\
    --export > githubapp-auth.yaml`,
      [
        text('app-base-url', 'github app base URL'),
        text('app-id', 'github app ID'),
        text('app-installation-id', 'github app installation ID'),
        text('app-installation-owner', 'github app installation owner (user or organization)'),
        text('app-private-key', 'github app private key file path'),
      ],
    ),
    secret(
      'helm',
      'a Kubernetes secret for Helm repository authentication',
      `  # As a file
  flux create secret helm repo-auth \\
    --namespace=my-namespace \\
    --username=my-username \\
    --password=my-password \\
    --export > repo-auth.yaml`,
      [...tlsFiles, password, username],
    ),
    secret(
      'notation',
      'a Kubernetes secret for verifications of artifacts signed by Notation',
      `  # As a file
  flux create secret notation my-notation-cert \\
    --namespace=my-namespace \\
    --trust-policy-file=./my-trust-policy.json \\
    --ca-cert-file=./my-cert.crt \\
    --export > my-notation-cert.yaml`,
      [list('ca-cert-file', 'root ca cert file path'), text('trust-policy-file', 'notation trust policy file path')],
    ),
    secret(
      'oci',
      'a Kubernetes image pull secret',
      `  # As a file
  flux create secret oci podinfo-auth \\
    --url=ghcr.io \\
    --username=username \\
    --password=password \\
    --export > repo-auth.yaml`,
      [text('url', 'oci repository address e.g ghcr.io/stefanprodan/charts'), username, password],
    ),
    secret(
      'proxy',
      'a Kubernetes secret for proxy authentication',
      `  # As a file
  flux create secret proxy my-proxy \\
    --namespace=my-namespace \\
    --address=https://my-proxy.com \\
    --username=my-username \\
    --password=my-password \\
    --export > proxy.yaml`,
      [text('address', 'proxy address'), username, password],
    ),
    secret(
      'receiver',
      'a Kubernetes secret for a Receiver webhook',
      `  # For webhooks of GitHub; the URL to enter there is in an annotation
  flux create secret receiver github-receiver \\
    --namespace=my-namespace \\
    --type=github \\
    --hostname=flux.example.com \\
    --export`,
      [
        text('audience-claim', 'custom OIDC token audience for gcr type, defaults to the webhook URL'),
        text('email-claim', 'IAM service account email, required for gcr type'),
        text('hostname', 'hostname for the webhook URL e.g. flux.example.com'),
        text('token', 'webhook token used for payload validation and URL computation, auto-generated if not specified'),
        receiverType,
      ],
    ),
    secret(
      'sops',
      'a Kubernetes secret with the keys of encrypted files',
      `  # For spec.decryption of Kustomizations
  flux create secret sops sops-age \\
    --age-key-file=./age.agekey \\
    --export > sops-age.yaml`,
      [list('age-key-file', 'path to a file with private keys of age'), list('gpg-key-file', 'path to an armored OpenPGP private key')],
    ),
    secret(
      'tls',
      'a Kubernetes secret with TLS certificates',
      `  # As a file
  flux create secret tls certs \\
    --namespace=my-namespace \\
    --tls-crt-file=./client.crt \\
    --tls-key-file=./client.key \\
    --ca-crt-file=./ca.crt \\
    --export > certs.yaml`,
      tlsFiles,
    ),
  ],
};
