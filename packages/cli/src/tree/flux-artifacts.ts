import type { CommandSpec } from '../command-line/index.js';
import { bool, list, text, texts } from './flag-builders.js';
import { cloudProvider } from './flux-create-values.js';
import { buildKustomizationCommand, diffHelmReleaseCommand, diffKustomizationCommand } from './flux-build.js';

/** Commands on OCI artifacts. */

const ociProvider = cloudProvider('the OCI provider name', 'source OCI provider');
const creds = text('creds', 'credentials for OCI registry in the format <username>[:<password>] if --provider is generic');
const addIgnorePaths = list('add-ignore-paths', 'additional paths to ignore in .gitignore format (appended to --ignore-paths)');
const defaultIgnorePaths = list('ignore-paths', 'set paths to ignore in .gitignore format', {
  default: '.git/,.gitignore,.gitmodules,.gitattributes,*.jpg,*.jpeg,*.gif,*.png,*.wmv,*.flv,*.tar.gz,*.zip',
});

export const buildCommand: CommandSpec = {
  name: 'build',
  short: 'Build a flux resource',
  long: 'The build sub-commands make what the controllers would make, on this machine.',
  commands: [
    {
      name: 'artifact',
      short: 'Build artifact',
      long: 'The build artifact command makes an archive of a directory or a file, as sources have them.',
      example: `  # Of a directory
  flux build artifact --path ./path/to/local/manifests --output ./artifact.tgz

  # Of what is piped in
  kustomize build . | flux build artifact -p - -o ./artifact.tgz`,
      flags: [
        addIgnorePaths,
        defaultIgnorePaths,
        text('output', 'Path to where the artifact tgz file should be written.', { shorthand: 'o', default: 'artifact.tgz' }),
        text('path', 'Path to the directory where the Kubernetes manifests are located.', { shorthand: 'p' }),
        bool('resolve-symlinks', 'resolve symlinks by copying their targets into the artifact'),
      ],
      load: () => import('../commands/build-artifact.js'),
    },
    buildKustomizationCommand,
  ],
};

export const diffCommand: CommandSpec = {
  name: 'diff',
  short: 'Diff a flux resource',
  long: 'The diff sub-commands compare what is here with what is in the cluster, or in a registry.',
  commands: [
    {
      name: 'artifact',
      args: '<oci url>',
      short: 'Diff Artifact',
      long: 'The diff artifact command compares a directory or a file with an artifact. It fails when they differ.',
      example: `  flux diff artifact oci://ghcr.io/stefanprodan/manifests/podinfo:6.2.0 --path=./kustomize`,
      flags: [
        addIgnorePaths,
        creds,
        defaultIgnorePaths,
        bool('insecure-registry', 'allows the remote artifact to be pulled without TLS'),
        text('path', 'path to the directory where the Kubernetes manifests are located'),
        ociProvider,
      ],
      load: () => import('../commands/diff-artifact.js'),
    },
    diffHelmReleaseCommand,
    diffKustomizationCommand,
  ],
};

export const pushCommand: CommandSpec = {
  name: 'push',
  short: 'Push artifacts',
  long: 'The push sub-commands put artifacts into registries.',
  commands: [
    {
      name: 'artifact',
      args: '<oci url>',
      short: 'Push artifact',
      long: `The push artifact command makes an archive of a directory, a file or what is piped in, and puts it into a registry. Without --creds
and --provider it logs in as Docker does.`,
      example: `  # Manifests of a repository, with the revision as the tag
  flux push artifact oci://ghcr.io/org/config/app:$(git rev-parse --short HEAD) \\
    --path="./path/to/local/manifests" \\
    --source="$(git config --get remote.origin.url)" \\
    --revision="$(git branch --show-current)@sha1:$(git rev-parse HEAD)"

  # What is piped in, with annotations
  kustomize build . | flux push artifact oci://ghcr.io/org/config/app:latest -f - \\
    --source="$(git config --get remote.origin.url)" \\
    --revision="$(git branch --show-current)@sha1:$(git rev-parse HEAD)" \\
    --annotations='org.opencontainers.image.licenses=Apache-2.0'`,
      flags: [
        addIgnorePaths,
        texts('annotations', "Set custom OCI annotations in the format '<key>=<value>'", { shorthand: 'a' }),
        creds,
        bool('debug', 'display logs from underlying library'),
        defaultIgnorePaths,
        bool('insecure-registry', 'allows artifacts to be pushed without TLS'),
        text('output', "the format in which the artifact digest should be printed, can be 'json' or 'yaml'", { shorthand: 'o' }),
        text('path', 'path to the directory where the Kubernetes manifests are located', { shorthand: 'f' }),
        ociProvider,
        bool('reproducible', "ensure reproducible image digests by setting the created timestamp to '1970-01-01T00:00:00Z'"),
        bool('resolve-symlinks', 'resolve symlinks by copying their targets into the artifact'),
        text('revision', "the source revision in the format '<branch|tag>@sha1:<commit-sha>'"),
        text('source', 'the source address, e.g. the Git URL'),
      ],
      load: () => import('../commands/push-artifact.js'),
    },
  ],
};

export const pullCommand: CommandSpec = {
  name: 'pull',
  short: 'Pull artifacts',
  long: 'The pull sub-commands get artifacts out of registries.',
  commands: [
    {
      name: 'artifact',
      args: '<oci url>',
      short: 'Pull artifact',
      long: 'The pull artifact command gets an artifact and extracts its files into a directory.',
      example: `  flux pull artifact oci://ghcr.io/org/manifests/app:v0.0.1 --output ./path/to/local/manifests`,
      flags: [
        creds,
        bool('insecure-registry', 'allows artifacts to be pulled without TLS'),
        text('output', 'path where the artifact content should be extracted.', { shorthand: 'o' }),
        ociProvider,
      ],
      load: () => import('../commands/pull-artifact.js'),
    },
  ],
};

export const tagCommand: CommandSpec = {
  name: 'tag',
  short: 'Tag artifacts',
  long: 'The tag sub-commands give artifacts more tags.',
  commands: [
    {
      name: 'artifact',
      args: '<oci url>',
      short: 'Tag artifact',
      long: 'The tag artifact command gives an artifact more tags.',
      example: `  flux tag artifact oci://ghcr.io/org/manifests/app:v0.0.1 --tag latest`,
      flags: [creds, ociProvider, list('tag', 'tag name')],
      load: () => import('../commands/tag-artifact.js'),
    },
  ],
};

export const listCommand: CommandSpec = {
  name: 'list',
  short: 'List artifacts',
  long: 'The list sub-commands show what is in registries.',
  commands: [
    {
      name: 'artifacts',
      args: '<oci url>',
      short: 'list artifacts',
      long: 'The list artifacts command shows the tags of a repository, with where each artifact comes from.',
      example: `  # All
  flux list artifacts oci://ghcr.io/org/config/app

  # Those of a range
  flux list artifacts oci://ghcr.io/org/config/app --filter-semver="1.x"`,
      flags: [
        creds,
        text('filter-regex', 'filter tags returned from the oci repository using regex'),
        text('filter-semver', 'filter tags returned from the oci repository using semver'),
        bool('insecure-registry', 'allows the remote artifacts list to be fetched without TLS'),
        ociProvider,
      ],
      load: () => import('../commands/list-artifacts.js'),
    },
  ],
};
