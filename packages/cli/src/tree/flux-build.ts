import type { CommandSpec, FlagSpec } from '../command-line/index.js';
import { bool, list, pairs, text } from './flag-builders.js';
import { valuesFlags } from './sluice-helm.js';

/** Of both commands: what is built, and how. */
const buildFlags: readonly FlagSpec[] = [
  list('ignore-paths', 'set paths to ignore in .gitignore format'),
  bool('in-memory-build', 'Use in-memory filesystem during build.'),
  text('kustomization-file', 'Path to the Flux Kustomization YAML file.'),
  pairs('local-sources', 'Comma-separated list of repositories in format: Kind/namespace/name=path'),
  bool(
    'strict-substitute',
    'When enabled, the post build substitutions will fail if a var without a default value is declared in files but is missing from the input vars.',
  ),
];

export const buildKustomizationCommand: CommandSpec = {
  name: 'kustomization',
  args: '[name]',
  aliases: ['ks'],
  short: 'Build Kustomization',
  long: `The build kustomization command prints what a Kustomization would apply from a directory, by the stages of its controller.
Values of Secrets are hidden.`,
  example: `  # With the Kustomization of the cluster
flux build kustomization my-app --path ./path/to/local/manifests

# With a Kustomization in a file, and what it reads of the cluster
flux build kustomization my-app --path ./path/to/local/manifests --kustomization-file ./path/to/local/my-app.yaml

# Without a cluster
flux build kustomization my-app --path ./path/to/local/manifests --kustomization-file ./my-app.yaml --dry-run

# With the Kustomizations that it applies
flux build kustomization my-app --path ./path/to/local/manifests \\
  --recursive \\
  --local-sources GitRepository/flux-system/my-repo=./path/to/local/git`,
  flags: [
    bool('dry-run', 'Dry run mode.'),
    ...buildFlags,
    text('path', 'Path to the manifests location.'),
    bool('recursive', 'Recursively build Kustomizations', { shorthand: 'r' }),
  ],
  load: () => import('../commands/build-kustomization.js'),
};

export const diffKustomizationCommand: CommandSpec = {
  name: 'kustomization',
  args: '[name]',
  aliases: ['ks'],
  short: 'Diff Kustomization',
  long: `The diff kustomization command shows what applying a directory would change in the cluster, by dry runs on the server. It exits
with 0 when nothing would change, with 1 when something would, and with 2 when that can't be said.`,
  example: `  # What would change
flux diff kustomization my-app --path ./path/to/local/manifests

# With the Kustomizations that it applies
flux diff kustomization my-app --path ./path/to/local/manifests \\
  --recursive \\
  --local-sources GitRepository/flux-system/my-repo=./path/to/local/git`,
  flags: [
    bool('ignore-not-found', 'Ignore Kustomization not found errors on the cluster when diffing.'),
    ...buildFlags,
    text('path', 'Path to a local directory that matches the specified Kustomization.spec.path.'),
    bool('progress-bar', 'Boolean to set the progress bar. The default value is true.', { default: 'true' }),
    bool('recursive', 'Recursively diff Kustomizations', { shorthand: 'r' }),
  ],
  load: () => import('../commands/diff-kustomization.js'),
  failureCode: 2,
};

export const diffHelmReleaseCommand: CommandSpec = {
  name: 'helmrelease',
  args: '[name]',
  aliases: ['hr'],
  short: 'Diff HelmRelease',
  long: `The diff helmrelease command shows what the controller would do about a HelmRelease, with another chart, other values or another
spec: what would become of each object, by dry runs on the server, which hooks would run, and which definitions would be left
alone. Nothing is written; values of Secrets are hidden. It exits with 0 when nothing would be done, with 1 when something would, and
with 2 when that can't be said. What is not given is as in the cluster: the HelmRelease, its values, and the source of its chart,
which is asked from this machine. Encrypted values are opened with your own keys, where SOPS looks for them.`,
  example: `  # With the HelmRelease, its values and its sources as they are in a directory, before they are merged
flux diff helmrelease my-app --path ./path/to/local/manifests

# With what a Kustomization makes of them
flux build kustomization apps --path ./apps | flux diff helmrelease my-app --path -

# Another version of the chart
flux diff helmrelease my-app --chart-version 6.6.x

# Other values
flux diff helmrelease my-app --values ./values.yaml --set replicaCount=3

# A chart that somebody works on
flux diff helmrelease my-app --chart ./charts/my-app

# A chart of a GitRepository, in a clone of it
flux diff helmrelease my-app --local-sources GitRepository/flux-system/my-repo=./path/to/local/git`,
  flags: [
    text('chart', 'Path to a chart, a directory or an archive, in the place of that of the HelmRelease.'),
    text('chart-version', 'Version of the chart, or range of versions, in the place of that of the HelmRelease.'),
    pairs('local-sources', 'Comma-separated list of repositories in format: Kind/namespace/name=path'),
    text('path', 'Path to a file or a directory with the HelmRelease, its values and sources, or - for standard input.'),
    // Values come from this machine alone.
    ...valuesFlags.map((flag) =>
      flag.name === 'values' ? { ...flag, usage: 'files with values, or - for standard input; the last one wins' } : flag,
    ),
  ],
  load: () => import('../commands/diff-helmrelease.js'),
  failureCode: 2,
};
