import { posix } from 'node:path';
import type { FlagSpec } from '../command-line/index.js';
import { objectReference } from '../create/references.js';
import { choice, text } from './flag-builders.js';

/** Flags of `create` whose values are more than text. */

const clouds = ['generic', 'aws', 'azure', 'gcp'];
const chartSourceKinds = ['HelmRepository', 'GitRepository', 'Bucket'];
const kustomizationSourceKinds = ['OCIRepository', 'GitRepository', 'Bucket'];

/** `--provider` of what may be in a cloud; `noun` is how errors call it. */
export function cloudProvider(usage: string, noun: string): FlagSpec {
  return choice(
    'provider',
    usage,
    clouds,
    {
      other: (given) => `${noun} '${given}' is not supported, must be one of: ${clouds.join(', ')}`,
      empty: `no ${noun} given, please specify ${usage}`,
    },
    { default: 'generic' },
  );
}

/** A path below a root that is not known yet: whatever is typed, it does not lead out of it. */
export function relativePath(name: string, usage: string, more: { readonly default?: string } = {}): FlagSpec {
  return text(name, usage, {
    ...more,
    typeName: 'safeRelativePath',
    accept: (given) => `./${posix.join('/', given.trim()).slice(1).replace(/\/$/, '')}`,
  });
}

const chartSourceUsage = (format: string): string =>
  `source that contains the chart in the format '${format}', where kind must be one of: (${chartSourceKinds.join(', ')})`;

/** `--source` of a HelmChart: of its own namespace. */
export const chartSource = text('source', chartSourceUsage('<kind>/<name>'), {
  typeName: 'helmChartSource',
  accept: (given) => acceptChartSource(given, chartSourceUsage('<kind>/<name>')),
});

/** `--source` of a HelmRelease. */
export const chartAndNamespaceSource = text('source', chartSourceUsage('<kind>/<name>.<namespace>'), {
  accept: (given) => acceptChartSource(given, chartSourceUsage('<kind>/<name>.<namespace>')),
});

function acceptChartSource(given: string, usage: string): string {
  if (given.trim() === '') throw new Error(`no helm chart source given, please specify ${usage}`);
  const { kind, name } = objectReference(given);
  if (kind === '' || name === '') throw new Error(`invalid helm chart source '${given}', must be in format <kind>/<name>`);
  return given.replace(kind, kindOf(kind, chartSourceKinds));
}

const kustomizationSourceUsage =
  "source that contains the Kubernetes manifests in the format '[<kind>/]<name>.<namespace>', where kind must be one of: " +
  `(${kustomizationSourceKinds.join(', ')}), if kind is not specified it defaults to GitRepository`;

/** `--source` of a Kustomization. */
export const kustomizationSource = text('source', kustomizationSourceUsage, {
  accept: (given) => {
    if (given.trim() === '') throw new Error(`no Kustomization source given, please specify ${kustomizationSourceUsage}`);
    const { kind, name, namespace } = objectReference(given);
    if (name === '') throw new Error(`no name given for source of kind '${kind}'`);
    if (name.includes('/')) throw new Error(`invalid source '${given}', must be in format [<kind>/]<name>.<namespace>`);
    if (kind !== '') return given.replace(kind, kindOf(kind, kustomizationSourceKinds));
    if (kustomizationSourceKinds.includes(name)) throw new Error(`no kind specified for source '${name}'`);
    return `GitRepository/${name}${namespace === '' ? '' : `.${namespace}`}`;
  },
});

/** A kind as the API writes it, however it was typed. */
function kindOf(typed: string, kinds: readonly string[]): string {
  const kind = kinds.find((candidate) => candidate.toLowerCase() === typed.toLowerCase());
  if (kind === undefined) throw new Error(`source kind '${typed}' is not supported, must be one of: ${kinds.join(', ')}`);
  return kind;
}

/** How the signature of an artifact is checked. */
export const verifyFlags: readonly FlagSpec[] = [
  choice(
    'verify-provider',
    'the OCI verify provider name to use for signature verification, available options are: (cosign)',
    ['cosign'],
    {
      other: (given) => `source OCI verify provider '${given}' is not supported, must be one of: cosign`,
      empty: 'no source OCI verify provider given, please specify cosign',
    },
    { typeName: 'sourceOCIVerifyProvider' },
  ),
  text('verify-secret-ref', 'the name of a secret to use for signature verification'),
  text('verify-subject', 'regular expression to use for the OIDC subject during signature verification'),
  text('verify-issuer', 'regular expression to use for the OIDC issuer during signature verification'),
];

const receiverTypes = 'generic|generic-hmac|github|gitlab|bitbucket|harbor|dockerhub|quay|gcr|nexus|acr|cdevents'.split('|');

/** `--type` of Receivers and of their Secrets. */
export const receiverType = choice('type', 'the receiver type', receiverTypes, {
  other: (given) => `receiver type '${given}' is not supported, must be one of: ${receiverTypes.join(', ')}`,
  empty: 'no receiver type given, please specify the receiver type',
});
