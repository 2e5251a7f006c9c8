import type { ControllersOptions } from '@sluice/controllers';

type Settings = Pick<ControllersOptions, 'settings' | 'helm' | 'objectIdentities'>;

/** What a gate that is on, or off, changes here. */
const gates: ReadonlyMap<string, (isOn: boolean) => Settings> = new Map<string, (isOn: boolean) => Settings>([
  ['StrictPostBuildSubstitutions', (strictSubstitutions) => ({ settings: { strictSubstitutions } })],
  ['AdditiveCELDependencyCheck', (additiveDependencyCheck) => ({ settings: { additiveDependencyCheck } })],
  ['ExternalArtifact', (allowExternalArtifact) => ({ settings: { allowExternalArtifact } })],
  ['CancelHealthCheckOnNewRevision', (cancelHealthChecks) => ({ settings: { cancelHealthChecks } })],
  ['MigrateAPIVersion', (migrateApiVersion) => ({ settings: { migrateApiVersion } })],
  ['UseHelm3Defaults', (helm3) => ({ helm: { helm3 } })],
  ['DefaultToRetryOnFailure', (retryByDefault) => ({ helm: { retryByDefault } })],
  ['ObjectLevelWorkloadIdentity', (objectIdentities) => ({ objectIdentities })],
  ['DisableChartDigestTracking', (isOff) => ({ helm: { trackChartDigests: !isOff } })],
]);

/** Gates of Flux's that change nothing here: what they speak of is always so, or is not there. */
const irrelevant: ReadonlySet<string> = new Set([
  'AdoptLegacyReleases',
  'CacheSecretsAndConfigMaps',
  'CorrectDrift',
  'DetectDrift',
  'DirectSourceFetch',
  'DisableConfigWatchers',
  'DisableFailFastBehavior',
  'DisableStatusPollerCache',
  'FluxStorage',
  'GitAllBranchReferences',
  'GitForcePushBranch',
  'GitShallowClone',
  'GitSparseCheckout',
  'GroupChangeLog',
  'OOMWatch',
]);

/** Gates whose promise would not be kept. */
const refused: ReadonlyMap<string, string> = new Map([['AllowDNSLookups', 'templates ask no name servers here']]);

export interface GateSettings {
  readonly settings: Required<Settings>['settings'];
  readonly helm: Required<Settings>['helm'];
  readonly objectIdentities: boolean;
  /** Those that were given, and change nothing. */
  readonly ignored: readonly string[];
}

/** Reads `--feature-gates=A=true,B=false`. */
export function featureGates(text: string): GateSettings {
  const result: { settings: object; helm: object; objectIdentities: boolean; ignored: string[] } = {
    settings: {},
    helm: {},
    objectIdentities: false,
    ignored: [],
  };
  for (const pair of text.split(',').filter((each) => each.trim() !== '')) {
    const [name = '', value, ...rest] = pair.trim().split('=');
    if ((value !== 'true' && value !== 'false') || rest.length > 0)
      throw new Error(
        `invalid argument ${JSON.stringify(text)} for "--feature-gates" flag: ${pair.trim()} must be formatted as name=true or name=false`,
      );
    const reason = refused.get(name);
    if (reason !== undefined && value === 'true') throw new Error(`the feature gate ${name} can't be on: ${reason}`);
    const gate = gates.get(name);
    if (gate === undefined && reason === undefined && !irrelevant.has(name))
      throw new Error(`feature-gate '${name}' not supported; there are ${[...gates.keys()].toSorted().join(', ')}`);
    if (gate === undefined) result.ignored.push(name);
    const { settings = {}, helm = {}, objectIdentities = result.objectIdentities } = gate?.(value === 'true') ?? {};
    result.objectIdentities = objectIdentities;
    Object.assign(result.settings, settings);
    Object.assign(result.helm, helm);
  }
  return result;
}
