import { controllerNames, parseStageKinds, type ControllerName, type ControllersOptions } from '@sluice/controllers';
import { LOG_LEVELS, type LogLevel } from '@sluice/runtime';
import type { FlagValues } from '../command-line/index.js';
import { componentsNamed, PORTS } from '../install/index.js';
import { sopsMac } from '../sops/mac-flag.js';
import { featureGates } from './feature-gates.js';

/** What the flags of `controller` ask for. */
export interface EngineSettings {
  /** `source-controller`; `sluice` for several in one process. */
  readonly name: string;
  readonly controllers: readonly ControllerName[];
  readonly options: Pick<
    ControllersOptions,
    | 'settings'
    | 'objectIdentities'
    | 'helm'
    | 'notifications'
    | 'maxUnpackedBytes'
    | 'watchLabelSelector'
    | 'watchNamespace'
    | 'eventsAddress'
    | 'concurrency'
    | 'backoff'
    | 'random'
  >;
  readonly logLevel: LogLevel;
  readonly logEncoding: 'json' | 'console';
  readonly graceMs: number;
  /** Said once in the log: what was asked for, and changes nothing. */
  readonly remarks: readonly string[];
}

/** Flags that are taken and change nothing, and why that does no harm. */
const ACCEPTED: Readonly<Record<string, string>> = {
  'kube-api-qps': 'requests are not throttled here; the API server orders them by priority and fairness',
  'kube-api-burst': 'requests are not throttled here; the API server orders them by priority and fairness',
  'watch-configs-label-selector': 'every Secret and ConfigMap that an object names is watched',
  'http-retry': 'an artifact that could not be fetched is fetched again with the pauses of any failure',
  'http-timeout': 'an artifact is fetched within the time of its object',
  'token-cache-max-size': 'tokens are kept for as long as they are good',
  'token-cache-max-duration': 'tokens are kept for as long as they are good',
  'helm-cache-max-size': 'indexes are kept by content, within bounds of their own',
  'helm-cache-ttl': 'indexes are kept by content, within bounds of their own',
  'helm-cache-purge-interval': 'indexes are kept by content, within bounds of their own',
  'helm-index-max-size': 'the limits of Helm repositories and charts are those that Flux has by default',
  'helm-chart-max-size': 'the limits of Helm repositories and charts are those that Flux has by default',
  'helm-chart-file-max-size': 'the limits of Helm repositories and charts are those that Flux has by default',
  'export-http-path-metrics': 'paths are never labels of metrics',
  'snapshot-digest-algo': 'releases are told apart by sha256',
  'gc-interval': 'there is no database to clean',
  'storage-compression-threshold': 'there is no database to compress',
  'storage-value-log-file-size': 'there is no database to size',
  'oom-watch-interval': 'memory is watched by the kubelet alone',
  'oom-watch-max-memory-path': 'memory is watched by the kubelet alone',
  'oom-watch-current-memory-path': 'memory is watched by the kubelet alone',
  'oom-watch-memory-threshold': 'memory is watched by the kubelet alone',
};

/** Flags whose promise would not be kept; who relies on one must know. */
const REFUSED: Readonly<Record<string, string>> = {
  'sops-vault-configmap': 'Vault is reached with the tokens in Secrets',
  'ssh-hostkey-algos': 'OpenSSH chooses among the algorithms that it holds to be safe',
  'ssh-kex-algos': 'OpenSSH chooses among the algorithms that it holds to be safe',
};

export function engineSettings(named: string | undefined, flags: FlagValues, namespace: string): EngineSettings {
  for (const [flag, why] of Object.entries(REFUSED)) if (flags.changed(flag)) throw new Error(`--${flag} is not supported: ${why}`);
  if (flags.string('artifact-digest-algo') !== 'sha256')
    throw new Error('--artifact-digest-algo must be sha256: artifacts are stored by it');
  const jitter = flags.number('interval-jitter-percentage');
  if (jitter !== 0 && jitter !== 5) throw new Error('--interval-jitter-percentage must be 0 or 5');
  const components = named === undefined ? flags.list('components') : [named];
  const names = componentsNamed(components).map(({ name }) => name);
  const gates = featureGates(flags.string('feature-gates'));
  const idle = names.filter((name) => name.startsWith('image-'));
  return {
    name: named ?? 'sluice',
    controllers: controllerNames.filter((name) => components.length === 0 || names.includes(name)),
    options: {
      settings: { ...kustomizationSettings(flags, namespace), ...gates.settings },
      helm: gates.helm,
      notifications: { repeatWindowMs: flags.number('rate-limit-interval'), noCrossNamespace: flags.bool('no-cross-namespace-refs') },
      maxUnpackedBytes: positive(flags, 'oci-max-unpacked-size'),
      concurrency: positive(flags, 'concurrent'),
      backoff: { firstMs: flags.number('min-retry-delay'), longestMs: flags.number('max-retry-delay') },
      ...(flags.string('watch-label-selector') === '' ? {} : { watchLabelSelector: flags.string('watch-label-selector') }),
      ...(flags.bool('watch-all-namespaces') ? {} : { watchNamespace: namespace }),
      ...eventsAddress(flags),
      ...(jitter === 0 ? { random: () => 0.5 } : {}),
    },
    logLevel: oneOf(flags, 'log-level', LOG_LEVELS),
    logEncoding: oneOf(flags, 'log-encoding', ['json', 'console']),
    graceMs: flags.number('graceful-shutdown-timeout'),
    remarks: [
      ...Object.entries(ACCEPTED).flatMap(([flag, why]) => (flags.changed(flag) ? [`--${flag} changes nothing: ${why}`] : [])),
      ...gates.ignored.map((gate) => `the feature gate ${gate} changes nothing here`),
      ...idle.map((name) => `${name}: this version does not work on ImageRepositories, ImagePolicies and ImageUpdateAutomations yet`),
    ],
  };
}

function kustomizationSettings(flags: FlagValues, namespace: string): NonNullable<ControllersOptions['settings']> {
  const account = flags.string('default-service-account');
  const kubeconfigAccount = flags.string('default-kubeconfig-service-account');
  const decryptionAccount = flags.string('default-decryption-service-account');
  const ageSecret = flags.string('sops-age-secret');
  return {
    requeueDependencyMs: flags.number('requeue-dependency'),
    noCrossNamespaceRefs: flags.bool('no-cross-namespace-refs'),
    noRemoteBases: flags.bool('no-remote-bases'),
    requestConcurrency: positive(flags, 'concurrent-ssa'),
    overrideManagers: flags.list('override-manager'),
    customStageKinds: parseStageKinds(flags.string('custom-apply-stage-kinds')),
    insecureKubeconfigExec: flags.bool('insecure-kubeconfig-exec'),
    insecureKubeconfigTls: flags.bool('insecure-kubeconfig-tls'),
    sopsMac: sopsMac(flags),
    ...(account === '' ? {} : { defaultServiceAccount: account }),
    ...(kubeconfigAccount === '' ? {} : { defaultKubeconfigServiceAccount: kubeconfigAccount }),
    ...(decryptionAccount === '' ? {} : { defaultDecryptionServiceAccount: decryptionAccount }),
    ...(ageSecret === '' ? {} : { sopsAgeSecret: { namespace, name: ageSecret } }),
  };
}

/** A URL is where events go; an address is where they come in. */
function eventsAddress(flags: FlagValues): { eventsAddress?: string } {
  const address = flags.string('events-addr');
  if (!/^https?:\/\//.test(address)) return {};
  if (!URL.canParse(address)) throw new Error(`--events-addr=${address} is no URL`);
  return { eventsAddress: address };
}

/** Where events are taken, by a process that has the notification-controller. */
export function eventsListenAddress({ name }: EngineSettings, flags: FlagValues): string {
  const address = flags.string('events-addr');
  if (address !== '' && !address.includes('://')) return address;
  return `:${name === 'sluice' ? PORTS.eventsOfSingle : PORTS.events}`;
}

function positive(flags: FlagValues, flag: string): number {
  const value = flags.number(flag);
  if (value < 1) throw new Error(`--${flag} must be 1 or more`);
  return value;
}

function oneOf<T extends string>(flags: FlagValues, flag: string, values: readonly T[]): T {
  const value = values.find((each) => each === flags.string(flag));
  if (value === undefined)
    throw new Error(`invalid argument ${JSON.stringify(flags.string(flag))} for "--${flag}" flag: must be one of: ${values.join(', ')}`);
  return value;
}
