import type { CommandSpec } from '../command-line/index.js';
import { sshKeyFlags } from './key-flags.js';
import { bool, choice, duration, list, text } from './flag-builders.js';
import { chartSource, cloudProvider, verifyFlags } from './flux-create-values.js';

const gitProviders = ['generic', 'github', 'aws', 'azure'];

/** `create source …`. */
export const createSourceCommand: CommandSpec = {
  name: 'source',
  short: 'Create or update sources',
  long: 'The create source sub-commands generate sources.',
  persistentFlags: [
    duration('fetch-timeout', "set a timeout for fetch operations performed by source-controller (e.g. 'git clone' or 'helm repo update')"),
  ],
  commands: [
    {
      name: 'bucket',
      args: '[name]',
      short: 'Create or update a Bucket source',
      example: `  # A bucket behind the API of S3, with keys that are put into a Secret
  flux create source bucket manifests \\
    --bucket-name=manifests \\
    --endpoint=minio.example.com \\
    --access-key=me \\
    --secret-key=secret \\
    --interval=10m

  # A bucket of AWS, by the identity of the nodes
  flux create source bucket manifests \\
    --bucket-name=manifests \\
    --provider=aws \\
    --endpoint=s3.amazonaws.com \\
    --region=us-east-1`,
      flags: [
        text('access-key', 'the bucket access key'),
        text('bucket-name', 'the bucket name'),
        text('endpoint', 'the bucket endpoint address'),
        list('ignore-paths', 'set paths to ignore in bucket resource (can specify multiple paths with commas: path1,path2)'),
        bool('insecure', 'for when connecting to a non-TLS S3 HTTP endpoint'),
        cloudProvider('the S3 compatible storage provider name', 'source bucket provider'),
        text('proxy-secret-ref', 'the name of an existing secret containing the proxy address and credentials'),
        text('region', 'the bucket region'),
        text('secret-key', 'the bucket secret key'),
        text('secret-ref', 'the name of an existing secret containing credentials'),
      ],
      load: () => import('../commands/create-source-bucket.js'),
    },
    {
      name: 'chart',
      args: '[name]',
      short: 'Create or update a HelmChart source',
      example: `  # A chart of a Helm repository
  flux create source chart podinfo \\
    --source=HelmRepository/podinfo \\
    --chart=podinfo \\
    --chart-version=6.x

  # A chart of a Git repository
  flux create source chart podinfo \\
    --source=GitRepository/podinfo \\
    --chart=./charts/podinfo`,
      flags: [
        text('chart', 'Helm chart name or path'),
        text('chart-version', 'Helm chart version, accepts a semver range (ignored for charts from GitRepository sources)'),
        text('reconcile-strategy', 'the reconcile strategy for helm chart (accepted values: Revision and ChartRevision)', {
          default: 'ChartVersion',
        }),
        chartSource,
        ...verifyFlags,
      ],
      load: () => import('../commands/create-source-chart.js'),
    },
    {
      name: 'git',
      args: '[name]',
      short: 'Create or update a GitRepository source',
      example: `  # A public repository
  flux create source git podinfo \\
    --url=https://github.com/stefanprodan/podinfo \\
    --branch=master

  # The newest version of a range
  flux create source git podinfo \\
    --url=https://github.com/stefanprodan/podinfo \\
    --tag-semver=">=6.0.0 <7.0.0"

  # A private repository over SSH, with a deploy key that is made now
  flux create source git fleet \\
    --url=ssh://git@github.com/org/fleet \\
    --branch=main \\
    --ssh-key-algorithm=ed25519

  # A private repository over HTTPS
  flux create source git fleet \\
    --url=https://github.com/org/fleet \\
    --branch=main \\
    --username=git \\
    --password=token`,
      flags: [
        text('branch', 'git branch'),
        text('ca-file', 'path to TLS CA file used for validating self-signed certificates'),
        text('commit', 'git commit'),
        list('ignore-paths', 'set paths to ignore in git resource (can specify multiple paths with commas: path1,path2)'),
        text('password', 'basic authentication password', { shorthand: 'p' }),
        text('private-key-file', 'path to a passwordless private key file used for authenticating to the Git SSH server'),
        choice('provider', 'the Git provider name', gitProviders, {
          other: (given) => `source Git provider '${given}' is not supported, must be one of: ${gitProviders.join('|')}`,
          empty: 'no source Git provider given, please specify the Git provider name',
        }),
        text('proxy-secret-ref', 'the name of an existing secret containing the proxy address and credentials'),
        bool(
          'recurse-submodules',
          'when enabled, configures the GitRepository source to initialize and include Git submodules in the artifact it produces',
        ),
        text('ref-name', 'git reference name'),
        text('secret-ref', 'the name of an existing secret containing SSH or basic credentials or github app authentication'),
        bool('silent', 'assumes the deploy key is already setup, skips confirmation', { shorthand: 's' }),
        list('sparse-checkout-paths', 'set paths to sparse checkout in git resource (can specify multiple paths with commas: path1,path2)'),
        ...sshKeyFlags,
        text('tag', 'git tag'),
        text('tag-semver', 'git tag semver range'),
        text('url', 'git address, e.g. ssh://git@host/org/repository'),
        text('username', 'basic authentication username', { shorthand: 'u' }),
      ],
      load: () => import('../commands/create-source-git.js'),
    },
    {
      name: 'helm',
      args: '[name]',
      short: 'Create or update a HelmRepository source',
      example: `  # A Helm repository over HTTPS
  flux create source helm podinfo \\
    --url=https://stefanprodan.github.io/podinfo \\
    --interval=10m

  # Charts in an OCI registry
  flux create source helm podinfo \\
    --url=oci://ghcr.io/stefanprodan/charts`,
      flags: [
        text('ca-file', 'TLS authentication CA file path'),
        text('cert-file', 'TLS authentication cert file path'),
        text('key-file', 'TLS authentication key file path'),
        text('oci-provider', 'OCI provider for authentication'),
        bool('pass-credentials', 'pass credentials to all domains'),
        text('password', 'basic authentication password', { shorthand: 'p' }),
        text('secret-ref', 'the name of an existing secret containing TLS, basic auth or docker-config credentials'),
        text('url', 'Helm repository address'),
        text('username', 'basic authentication username', { shorthand: 'u' }),
      ],
      load: () => import('../commands/create-source-helm.js'),
    },
    {
      name: 'oci',
      args: '[name]',
      short: 'Create or update an OCIRepository',
      example: `  # Manifests in an OCI registry
  flux create source oci podinfo \\
    --url=oci://ghcr.io/stefanprodan/manifests/podinfo \\
    --tag=6.6.2 \\
    --interval=10m

  # Only what was signed with a key
  flux create source oci podinfo \\
    --url=oci://ghcr.io/stefanprodan/manifests/podinfo \\
    --tag-semver=6.x \\
    --verify-provider=cosign \\
    --verify-secret-ref=cosign-keys`,
      flags: [
        text('cert-ref', 'the name of a secret to use for TLS certificates'),
        text('digest', 'the OCI artifact digest'),
        list('ignore-paths', 'set paths to ignore resources (can specify multiple paths with commas: path1,path2)'),
        bool('insecure', 'for when connecting to a non-TLS registries over plain HTTP'),
        text('layer-selector', "the OCI artifact layer selector in the format '<media-type>:<operation>'"),
        cloudProvider('the OCI provider name', 'source OCI provider'),
        text('proxy-secret-ref', 'the name of an existing secret containing the proxy address and credentials'),
        text('secret-ref', "the name of the Kubernetes image pull secret (type 'kubernetes.io/dockerconfigjson')"),
        text('service-account', 'the name of the Kubernetes service account that refers to an image pull secret'),
        text('tag', 'the OCI artifact tag'),
        text('tag-semver', 'the OCI artifact tag semver range'),
        text('url', 'the OCI repository URL'),
        ...verifyFlags,
      ],
      load: () => import('../commands/create-source-oci.js'),
    },
  ],
};
