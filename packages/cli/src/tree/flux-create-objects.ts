import type { CommandSpec } from '../command-line/index.js';
import { bool, choice, duration, list, text } from './flag-builders.js';
import { chartAndNamespaceSource, kustomizationSource, receiverType, relativePath } from './flux-create-values.js';

const crdsPolicies = ['Skip', 'Create', 'CreateReplace'];

const createImageCommand: CommandSpec = {
  name: 'image',
  short: 'Create or update resources dealing with image automation',
  long: 'The create image sub-commands make the objects that scan image repositories, choose tags and write them to Git.',
  commands: [
    {
      name: 'policy',
      args: '[name]',
      short: 'Create or update an ImagePolicy object',
      example: `  # The newest version of a range
  flux create image policy podinfo \\
    --image-ref=podinfo \\
    --select-semver=">=1.0.0"

  # The newest build of main, by the time in its tag
  flux create image policy podinfo \\
    --image-ref=podinfo \\
    --select-numeric=asc \\
    --filter-regex='^main-[a-f0-9]+-(?P<ts>[0-9]+)' \\
    --filter-extract='$ts'`,
      flags: [
        text('filter-extract', 'replacement pattern (using capture groups from --filter-regex) to use for sorting'),
        text('filter-regex', 'regular expression pattern used to filter the image tags'),
        text('image-ref', 'the name of an image repository object'),
        duration('interval', "the interval at which to check for new image digests when the policy is set to 'Always'"),
        text(
          'reflect-digest',
          "the digest reflection policy to use when observing latest image tags (one of 'Never', 'IfNotPresent', 'Never')",
        ),
        text(
          'select-alpha',
          'use alphabetical sorting to select image; either "asc" meaning select the last, or "desc" meaning select the first',
        ),
        text(
          'select-numeric',
          'use numeric sorting to select image; either "asc" meaning select the last, or "desc" meaning select the first',
        ),
        text('select-semver', "a semver range to apply to tags; e.g., '1.x'"),
      ],
      load: () => import('../commands/create-image-policy.js'),
    },
    {
      name: 'repository',
      args: '[name]',
      short: 'Create or update an ImageRepository object',
      example: `  # Scan a public image
  flux create image repository podinfo \\
    --image=ghcr.io/stefanprodan/podinfo \\
    --interval=5m

  # Scan a private one, with the credentials of a Secret
  flux create image repository app \\
    --image=registry.example.com/team/app \\
    --secret-ref=regcred`,
      flags: [
        text('cert-ref', 'the name of a secret to use for TLS certificates'),
        text('image', 'the image repository to scan; e.g., library/alpine'),
        duration('scan-timeout', 'a timeout for scanning; this defaults to the interval if not set'),
        text('secret-ref', 'the name of a docker-registry secret to use for credentials'),
      ],
      load: () => import('../commands/create-image-repository.js'),
    },
    {
      name: 'update',
      args: '[name]',
      short: 'Create or update an ImageUpdateAutomation object',
      example: `  # Write new tags to a branch of their own
  flux create image update apps \\
    --git-repo-ref=fleet \\
    --git-repo-path=./clusters/prod \\
    --checkout-branch=main \\
    --push-branch=image-updates \\
    --author-name=flux \\
    --author-email=flux@example.com`,
      flags: [
        text('author-email', 'the email to use for commit author'),
        text('author-name', 'the name to use for commit author'),
        text('checkout-branch', 'the branch to checkout'),
        text('commit-template', 'a template for commit messages'),
        text('git-repo-namespace', 'the namespace of the GitRepository resource, defaults to the ImageUpdateAutomation namespace'),
        text('git-repo-path', 'path to the directory containing the manifests to be updated, defaults to the repository root'),
        text('git-repo-ref', 'the name of a GitRepository resource with details of the upstream Git repository'),
        text('push-branch', 'the branch to push commits to, defaults to the checkout branch if not specified'),
        text('signing-key-secret', 'name of the Secret containing the signing key referenced in spec.git.commit.signingKey'),
        text('signing-key-type', 'signing-key format: gpg or ssh (defaults to gpg when --signing-key-secret is set)'),
      ],
      load: () => import('../commands/create-image-update.js'),
    },
  ],
};

/** The commands of `create` that make objects of the Flux API other than sources. */
export const createObjectCommands: readonly CommandSpec[] = [
  {
    name: 'alert',
    args: '[name]',
    short: 'Create or update a Alert resource',
    example: `  # Tell a channel about all Kustomizations of the namespace
  flux create alert slack \\
    --event-severity=info \\
    --event-source=Kustomization/* \\
    --provider-ref=slack`,
    flags: [
      text('event-severity', 'severity of events to send alerts for'),
      list('event-source', 'sources that should generate alerts (<kind>/<name>), also accepts comma-separated values'),
      text('provider-ref', 'reference to provider'),
    ],
    load: () => import('../commands/create-alert.js'),
  },
  {
    name: 'alert-provider',
    args: '[name]',
    short: 'Create or update a Provider resource',
    example: `  # A channel of Slack
  flux create alert-provider slack \\
    --type=slack \\
    --channel=general \\
    --address=https://slack.com/api/chat.postMessage \\
    --secret-ref=slack-token

  # The status of commits on GitHub
  flux create alert-provider github-podinfo \\
    --type=github \\
    --address=https://github.com/stefanprodan/podinfo \\
    --secret-ref=github-token`,
    flags: [
      text('address', 'path to either the git repository, chat provider or webhook'),
      text('channel', 'channel to send messages to in the case of a chat provider'),
      text('secret-ref', 'name of secret containing authentication token'),
      text('type', 'type of provider'),
      text('username', 'bot username used by the provider'),
    ],
    load: () => import('../commands/create-alert-provider.js'),
  },
  {
    name: 'helmrelease',
    args: '[name]',
    aliases: ['hr'],
    short: 'Create or update a HelmRelease resource',
    example: `  # A chart of a Helm repository
  flux create hr podinfo \\
    --interval=10m \\
    --source=HelmRepository/podinfo \\
    --chart=podinfo \\
    --chart-version="6.x"

  # A chart in an OCI registry
  flux create hr podinfo \\
    --chart-ref=OCIRepository/podinfo.flux-system

  # With values of files and of the cluster
  flux create hr podinfo \\
    --source=HelmRepository/podinfo \\
    --chart=podinfo \\
    --values=./values.yaml,./production.yaml \\
    --values-from=Secret/podinfo-values`,
    flags: [
      text('chart', 'Helm chart name or path'),
      duration('chart-interval', 'the interval of which to check for new chart versions'),
      text(
        'chart-ref',
        "the name of the HelmChart resource to use as source for the HelmRelease, in the format '<kind>/<name>.<namespace>', where kind must be one of: (OCIRepository,HelmChart)",
      ),
      text('chart-version', 'Helm chart version, accepts a semver range (ignored for charts from GitRepository sources)'),
      choice('crds', 'upgrade CRDs policy', crdsPolicies, {
        other: (given) => `unsupported upgrade CRDs policy '${given}', must be one of: ${crdsPolicies.join(', ')}`,
        empty: `no upgrade CRDs policy given, must be one of: ${crdsPolicies.join(', ')}`,
      }),
      bool('create-target-namespace', 'create the target namespace if it does not exist'),
      list(
        'depends-on',
        "HelmReleases that must be ready before this release can be installed, supported formats '<name>' and '<namespace>/<name>'",
      ),
      text(
        'kubeconfig-secret-ref',
        'the name of the Kubernetes Secret that contains a key with the kubeconfig file for connecting to a remote cluster',
      ),
      text(
        'reconcile-strategy',
        'the reconcile strategy for helm chart created by the helm release(accepted values: Revision and ChartRevision)',
        { default: 'ChartVersion' },
      ),
      text('release-name', "name used for the Helm release, defaults to a composition of '[<target-namespace>-]<HelmRelease-name>'"),
      text('service-account', 'the name of the service account to impersonate when reconciling this HelmRelease'),
      chartAndNamespaceSource,
      text('storage-namespace', 'namespace to store the Helm release, defaults to the target namespace'),
      text('target-namespace', 'namespace to install this release, defaults to the HelmRelease namespace'),
      list('values', 'local path to values.yaml files, also accepts comma-separated values'),
      list(
        'values-from',
        "a Kubernetes object reference that contains the values.yaml data key in the format '<kind>/<name>', where kind must be one of: (Secret,ConfigMap)",
      ),
    ],
    load: () => import('../commands/create-helmrelease.js'),
  },
  createImageCommand,
  {
    name: 'kustomization',
    args: '[name]',
    aliases: ['ks'],
    short: 'Create or update a Kustomization resource',
    example: `  # A directory of a Git repository
  flux create kustomization apps \\
    --source=GitRepository/fleet \\
    --path=./apps \\
    --prune=true \\
    --interval=10m \\
    --wait=true

  # After another, with secrets that SOPS has encrypted
  flux create kustomization apps \\
    --depends-on=infrastructure \\
    --source=GitRepository/fleet \\
    --path=./apps \\
    --prune=true \\
    --decryption-provider=sops \\
    --decryption-secret=sops-age`,
    flags: [
      choice(
        'decryption-provider',
        'decryption provider, available options are: (sops)',
        ['sops'],
        {
          other: (given) => `unsupported decryption provider '${given}', must be one of: sops`,
          empty: 'no decryption provider given, must be one of: sops',
        },
        { typeName: 'decryptionProvider' },
      ),
      text('decryption-secret', 'set the Kubernetes secret name that contains the OpenPGP private keys used for sops decryption'),
      list(
        'depends-on',
        "Kustomization that must be ready before this Kustomization can be applied, supported formats '<name>' and '<namespace>/<name>', also accepts comma-separated values",
      ),
      list('health-check', "workload to be included in the health assessment, in the format '<kind>/<name>.<namespace>'"),
      duration('health-check-timeout', 'timeout of health checking operations', { default: '2m0s' }),
      text(
        'kubeconfig-secret-ref',
        'the name of the Kubernetes Secret that contains a key with the kubeconfig file for connecting to a remote cluster',
      ),
      relativePath('path', 'path to the directory containing a kustomization.yaml file', { default: './' }),
      bool('prune', 'enable garbage collection'),
      duration('retry-interval', 'the interval at which to retry a previously failed reconciliation'),
      text('service-account', 'the name of the service account to impersonate when reconciling this Kustomization'),
      kustomizationSource,
      text('target-namespace', 'overrides the namespace of all Kustomization objects reconciled by this Kustomization'),
      text('validation', "validate the manifests before applying them on the cluster, can be 'client' or 'server'", {
        hidden: true,
        deprecated: 'this arg is no longer used, all resources are validated using server-side apply dry-run',
      }),
      bool('wait', 'enable health checking of all the applied resources'),
    ],
    load: () => import('../commands/create-kustomization.js'),
  },
  {
    name: 'receiver',
    args: '[name]',
    short: 'Create or update a Receiver resource',
    example: `  # For the webhook of a repository on GitHub
  flux create receiver github-receiver \\
    --type=github \\
    --event=ping,push \\
    --secret-ref=webhook-token \\
    --resource=GitRepository/webapp`,
    flags: [
      list('event', 'also accepts comma-separated values'),
      list('resource', 'also accepts comma-separated values'),
      text('secret-ref', ''),
      receiverType,
    ],
    load: () => import('../commands/create-receiver.js'),
  },
  {
    name: 'tenant',
    short: 'Create or update a tenant',
    long: `The create tenant command makes namespaces, service accounts and role bindings that limit what is reconciled there to the
namespaces of the tenant.`,
    example: `  # Two namespaces for a team
  flux create tenant dev-team \\
    --with-namespace=frontend \\
    --with-namespace=backend \\
    --label=environment=dev

  # As manifests, for a repository
  flux create tenant dev-team --with-namespace=frontend --export > dev-team.yaml`,
    flags: [
      text('cluster-role', 'cluster role of the tenant role binding', { default: 'cluster-admin' }),
      bool('skip-namespace', 'skip namespace creation (namespace must exist already)'),
      list('with-namespace', 'namespace belonging to this tenant'),
      text('with-service-account', 'service account belonging to this tenant'),
    ],
    load: () => import('../commands/create-tenant.js'),
  },
];
