import type { FlagSpec } from '../command-line/index.js';
import { sopsMacFlag } from '../sops/mac-flag.js';

const text = (name: string, usage: string, standard = ''): FlagSpec => ({
  name,
  type: 'string',
  usage,
  ...(standard === '' ? {} : { default: standard }),
});
const bool = (name: string, usage: string, standard = ''): FlagSpec => ({ ...text(name, usage, standard), type: 'bool' });
const int = (name: string, usage: string, standard: string): FlagSpec => ({ ...text(name, usage, standard), type: 'int' });
const duration = (name: string, usage: string, standard: string): FlagSpec => ({ ...text(name, usage, standard), type: 'duration' });
const list = (name: string, usage: string): FlagSpec => ({ name, type: 'strings', usage });

/** What each flag does here that Flux's controllers have, all of them together. */
export const controllerFlags: readonly FlagSpec[] = [
  list('components', 'the controllers that run in this process, when none is named; all when empty'),
  text('events-addr', 'where events are posted to, as a URL; of the notification-controller, where it takes them (default :9090)'),
  text('receiverAddr', 'the address that webhooks are taken at', ':9292'),
  text('health-addr', 'the address of /healthz and /readyz', ':9440'),
  text('metrics-addr', 'the address of /metrics', ':8080'),
  text('storage-addr', 'the address that artifacts are served at', ':9090'),
  text('storage-adv-addr', 'the address under which others find the artifacts; that of this host when empty'),
  text('storage-path', 'the directory of artifacts and mirrors', '/data'),
  duration('artifact-retention-ttl', 'how long an artifact outlives its successor', '1m0s'),
  int('artifact-retention-records', 'how many artifacts of an object are kept', '2'),
  int('oci-max-unpacked-size', 'the most bytes that the artifact of an OCIRepository may have when unpacked', String(100 * 1024 ** 2)),
  text('artifact-digest-algo', 'the algorithm of artifact digests; there is sha256', 'sha256'),
  int('concurrent', 'how many objects of a kind are worked on at a time', '16'),
  int('concurrent-ssa', 'how many requests of one object are under way at a time', '8'),
  duration('requeue-dependency', 'how often what is missing is looked for, besides at once when it appears', '30s'),
  duration('min-retry-delay', 'the first pause after a failure', '750ms'),
  duration('max-retry-delay', 'the longest pause after failures in a row', '15m0s'),
  duration('graceful-shutdown-timeout', 'how long what is under way may take when the process is told to end', '30s'),
  int('interval-jitter-percentage', 'by how much intervals vary: 0 or 5', '5'),
  bool('watch-all-namespaces', 'work on the objects of all namespaces; otherwise of the one that this runs in', 'true'),
  text('watch-label-selector', 'work only on objects with such labels: sharding.fluxcd.io/key=shard1'),
  text(
    'watch-configs-label-selector',
    'taken for compatibility: every Secret and ConfigMap that an object names is watched',
    'reconcile.fluxcd.io/watch=Enabled',
  ),
  bool('no-cross-namespace-refs', 'refuse references to objects of other namespaces'),
  bool('no-remote-bases', 'refuse bases, components and files of kustomizations that are named by a URL'),
  text('default-service-account', 'who applies for objects that name nobody'),
  text('default-decryption-service-account', 'whom to be at services that hold keys, where a Kustomization names nobody'),
  text('default-kubeconfig-service-account', 'whom to be in another cluster, or at its cloud, where its ConfigMap names nobody'),
  { name: 'override-manager', type: 'stringArray', usage: 'a field manager whose fields are taken over' },
  text('custom-apply-stage-kinds', 'kinds (group/Kind, comma-separated) that are applied before all others but definitions'),
  text('sops-age-secret', 'a Secret of this namespace with age keys for objects without their own'),
  sopsMacFlag,
  text('sops-vault-configmap', 'refused: Vault is reached with the tokens in Secrets'),
  bool('insecure-kubeconfig-exec', 'let kubeconfigs in Secrets run commands'),
  bool('insecure-kubeconfig-tls', 'let kubeconfigs in Secrets skip the check of certificates'),
  duration('rate-limit-interval', 'for how long a repeated event is not told again', '5m0s'),
  text('feature-gates', 'comma-separated name=true|false'),
  text('log-level', 'trace, debug, info or error', 'info'),
  text('log-encoding', 'json or console', 'json'),
  bool('enable-leader-election', 'of several processes let one work'),
  duration('leader-election-lease-duration', 'how long others wait for a leader that is silent', '35s'),
  duration('leader-election-renew-deadline', 'how long a leader tries to renew before it gives up', '30s'),
  duration('leader-election-retry-period', 'between two attempts', '5s'),
  bool('leader-election-release-on-cancel', 'give leadership up when told to end', 'true'),
  // Of caches and limits that there are none of here; see ACCEPTED in settings.ts.
  ...[
    'http-retry',
    'token-cache-max-size',
    'helm-cache-max-size',
    'gc-interval',
    'storage-compression-threshold',
    'storage-value-log-file-size',
  ].map((name) => ({ ...int(name, 'taken for compatibility', '0'), hidden: true })),
  ...['helm-index-max-size', 'helm-chart-max-size', 'helm-chart-file-max-size'].map((name) => ({
    ...int(name, 'taken for compatibility', '0'),
    hidden: true,
  })),
  ...['token-cache-max-duration', 'http-timeout', 'helm-cache-ttl', 'helm-cache-purge-interval', 'oom-watch-interval'].map((name) => ({
    ...duration(name, 'taken for compatibility', '0s'),
    hidden: true,
  })),
  ...[
    'export-http-path-metrics',
    'snapshot-digest-algo',
    'oom-watch-max-memory-path',
    'oom-watch-current-memory-path',
    'oom-watch-memory-threshold',
  ].map((name) => ({
    ...text(name, 'taken for compatibility'),
    hidden: true,
    ...(name === 'export-http-path-metrics' ? { bare: 'true' } : {}),
  })),
  ...['ssh-hostkey-algos', 'ssh-kex-algos'].map((name) => ({ ...list(name, 'refused: OpenSSH has its own'), hidden: true })),
];
