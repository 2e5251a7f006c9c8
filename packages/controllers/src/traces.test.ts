import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Receiver } from '@sluice/api';
import type { Json, KubeObject } from '@sluice/core';
import { createInformer } from '@sluice/kube';
import { conditionsOf, type Condition } from '@sluice/runtime';
import { objectKeyOf, referenceOf } from './apply/reference.js';
import type { Controllers } from './start.js';
import { conformanceFile, conformanceText } from './testing/conformance.js';
import { fastClock, keyOfKind, startWorld, type World } from './testing/world.js';

/** Recordings of the real controllers, replayed: the same steps have to give the same conditions and events in the same order. */
const TRACES = [
  'ks-lifecycle',
  'ks-source-errors',
  'ks-build-errors',
  'ks-apply-errors',
  'ks-immutable',
  'ks-depends-on',
  'ks-deletion-policy',
  'ks-features',
  'ks-suspend-drift',
  'ks-health-checks-list',
  'ks-health-stalled',
  'ks-health-timeout',
  'ks-health-cancel',
  'src-git-lifecycle',
  'src-git-recovery',
  'src-git-refs',
  'src-git-errors',
  'src-helm',
  'src-oci',
  'src-bucket',
  'hr-lifecycle',
  'hr-chart-errors',
  'hr-template-failure',
  'hr-install-failure-remediation',
  'hr-install-failure-retry-default',
  'hr-upgrade-failure-rollback',
  'hr-upgrade-failure-uninstall',
  'hr-upgrade-failure-no-retries',
  'hr-retry-on-failure',
  'hr-test',
  'hr-wait-timeout',
  'hr-values',
  'hr-release-naming',
  'hr-drift',
  'hr-depends-on',
  'hr-suspend',
  'ntf-receiver',
];

/** Objects that go another way on purpose, or for now. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  'ks-build-errors Kustomization/decryption-wrong-key':
    'the message says which file it is, which keys it wants, and where keys were looked for',
  'ks-health-cancel Kustomization/app': 'a newer revision ends a health wait, which the recorded controller does only on request',
  'ks-health-checks-list Kustomization/missing': 'the recording ends before its timeout',
  'ks-depends-on Kustomization/self': 'a cycle of dependencies is named and stalls, instead of being tried for ever',
};

/** What is not the same in any two runs. */
const UNDETERMINED: Readonly<Record<string, RegExp>> = {
  // Four of them apply the same objects there: which is first is not determined.
  'ks-health-checks-list': / (?:created|configured)/g,
  // As many attempts as there is time for.
  'hr-retry-on-failure': /\.v\d+ /g,
};

/** What was in the cluster before the recording began. */
const GIVEN: Readonly<Record<string, readonly KubeObject[]>> = {
  'ks-features': [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'vars', namespace: 'ks-features' }, data: { who: 'cm' } }],
  'ks-build-errors': [
    secret('sops-age', { 'age.agekey': conformanceText('sops/keys/age-1.agekey') }, 'ks-build-errors'),
    secret('sops-wrong', { 'age.agekey': conformanceText('sops/keys/age-unrelated.agekey') }, 'ks-build-errors'),
  ],
  'hr-values': [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'vals', namespace: 'hr-values' }, data: { 'values.yaml': 'v: from-cm\n' } },
    secret('one', { x: 'from-secret' }, 'hr-values'),
  ],
  'hr-release-naming': [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'hr-release-naming-t' } }],
  'src-git-errors': [secret('basic', { username: 'user', password: 'right' }), secret('wrong', { username: 'user', password: 'wrong' })],
};

function secret(name: string, stringData: Readonly<Record<string, string>>, namespace = 'src-git-errors'): KubeObject {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData };
}

interface Entry {
  readonly type: 'step' | 'object' | 'event' | 'deleted';
  readonly step?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly snapshot?: { readonly status?: { readonly conditions?: readonly Condition[] }; readonly deleting?: boolean };
  readonly event?: { readonly severity: string; readonly reason: string; readonly message: string };
  // the fields of steps
  readonly repo?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
  readonly message?: string;
  readonly tag?: string;
  readonly commit?: string;
  readonly objects?: readonly KubeObject[];
  readonly patch?: Json;
  readonly subresource?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly token?: string;
  readonly status?: number;
}

const KINDS = [
  'GitRepository',
  'OCIRepository',
  'HelmRepository',
  'HelmChart',
  'Bucket',
  'Kustomization',
  'HelmRelease',
  'Receiver',
] as const;

/** How fast time runs in the replay. */
const SPEED = 10;
const SETTLE_MS = 8000;
const IDLE_MS = 1000;

/** A replay mostly waits: side by side, each in a cluster of its own, they take the time of the longest. */
const AT_A_TIME = 4;

describe('recorded traces', { concurrency: AT_A_TIME }, () => {
  for (const name of TRACES) {
    const trace = conformanceFile<{ trace: readonly Entry[] }>(`events/traces/${name}.json`)?.trace;
    test(name, { skip: trace === undefined ? 'the conformance data is not there' : false }, async () => {
      const world = await startWorld();
      try {
        const controllers = await world.startControllers({
          clock: fastClock(SPEED),
          random: () => 0.5,
          progressDelayMs: 0,
          // So long that a retry does not come between two steps.
          backoff: { firstMs: 20_000, longestMs: 60_000 },
          // The recorded controller does not look at the MACs of encrypted files.
          settings: { requeueDependencyMs: 3000, allowExternalArtifact: false, sopsMac: 'ignore' },
        });
        await replay(world, controllers, name, trace!);
      } finally {
        await world.close();
      }
    });
  }
});

async function replay(world: World, controllers: Controllers, namespace: string, trace: readonly Entry[]): Promise<void> {
  const isIdle = async (): Promise<boolean> =>
    !/^(?:controller_runtime_active_workers|workqueue_depth)\{.*\} [1-9]/m.test(await controllers.metrics.render());
  await world.cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  for (const object of GIVEN[namespace] ?? []) await world.cluster.create(object);
  if (/^(?:src|hr)-/.test(namespace)) await fillWebServer(world);
  const hashes = new Map<string, string>();
  const plain = (text: string): string => normalized(text, hashes, namespace).replaceAll(UNDETERMINED[namespace] ?? /(?!)/g, '…');
  const wanted = new Histories(plain);
  const seen = new Histories(plain);
  const informers = KINDS.map((kind) => {
    const informer = createInformer(world.cluster, { apiVersion: keyOfKind(kind, namespace, '').apiVersion, kind, namespace });
    informer.subscribe(seen.handlers);
    return informer;
  });
  const unsubscribe = world.onEvent(({ involvedObject: { kind, name, namespace: of }, ...event }) => {
    // What the notification controller tells of itself is not posted to it: no recording has it.
    if (of === namespace && event.reportingController !== 'notification-controller') seen.event(subjectOf(kind, name), event);
  });
  let faults: string[] = [];
  try {
    for (const entry of trace) {
      const subject = subjectOf(entry.kind, entry.name);
      if (entry.type === 'object') wanted.state(subject, entry.snapshot?.status?.conditions ?? []);
      if (entry.type === 'event') wanted.event(subject, entry.event!);
      if (entry.type === 'deleted') wanted.gone(subject);
      if (entry.type !== 'step') continue;
      await settled(seen, wanted, namespace, isIdle);
      await perform(world, controllers, namespace, entry, hashes);
    }
    await settled(seen, wanted, namespace, isIdle);
    faults = await remaining(seen, wanted, namespace);
  } finally {
    unsubscribe();
    for (const informer of informers) informer.stop();
  }
  assert.equal(faults.length, 0, `\n${faults.join('\n\n')}`);
}

/** The chart of the recordings, as far as they tell. */
const DEMO: Readonly<Record<string, string>> = {
  'values.yaml': 'v: default\n',
  'templates/cm.yaml': [
    'apiVersion: v1',
    'kind: ConfigMap',
    'metadata:',
    '  name: {{ .Release.Name }}-cm',
    'data:',
    '  chart: {{ .Chart.Version | quote }}',
    '  v: {{ .Values.v | quote }}',
    '{{- if .Values.fail }}',
    '  not: {{ required "v is required" .Values.missing }}',
    '{{- end }}\n',
  ].join('\n'),
  'templates/bad.yaml':
    '{{ if .Values.invalid }}\napiVersion: v1\nkind: Service\nmetadata: {name: "{{ .Release.Name }}-bad"}\nspec: {ports: [{port: 999999}]}\n{{ end }}',
  'templates/deployment.yaml': [
    '{{ if .Values.deploy }}',
    'apiVersion: apps/v1',
    'kind: Deployment',
    'metadata: {name: "{{ .Release.Name }}-dep"}',
    'spec:',
    '  selector: {matchLabels: {app: demo}}',
    '  template: {metadata: {labels: {app: demo}}, spec: {containers: [{name: main, image: demo}]}}',
    '{{ end }}',
  ].join('\n'),
  'templates/test.yaml': [
    '{{ if .Values.tests }}',
    'apiVersion: v1',
    'kind: ConfigMap',
    'metadata: {name: "{{ .Release.Name }}-test", annotations: {helm.sh/hook: test}}',
    '{{ end }}',
  ].join('\n'),
};

/** The charts and artifacts that there were. */
async function fillWebServer({ web }: World): Promise<void> {
  for (const version of ['1.0.0', '1.0.1', '1.1.0']) web.charts.add('demo', version, DEMO);
  await web.push('manifests/app', ['1.0.0', '1.1.0'], { 'a.yaml': 'a: 1\n' });
}

/** What is different about an object: states that were never recorded, another end, other events. */
function compare(seen: Histories, wanted: Histories, subject: string): string[] {
  const [actual, recorded] = [seen.of(subject), wanted.of(subject)];
  const faults: string[] = [];
  const extra = [...new Set(actual.states)].filter((state) => !recorded.states.includes(state));
  if (extra.length > 0) faults.push(`${subject} was never recorded as\n${extra.join('\n  nor as\n')}`);
  if (actual.states.at(-1) !== recorded.states.at(-1)) {
    faults.push(`${subject} ended as\n${actual.states.at(-1)}\n  instead of\n${recorded.states.at(-1)}`);
  }
  const [told, toTell] = [plainEvents(actual.events).join('\n    '), plainEvents(recorded.events).join('\n    ')];
  if (told !== toTell) faults.push(`${subject} told\n    ${told}\n  instead of\n    ${toTell}`);
  return faults;
}

function subjectOf(kind = '', name = ''): string {
  return `${kind}/${name}`;
}

interface History {
  /** One text a state: the conditions, or that it is gone. */
  readonly states: string[];
  readonly events: string[];
}

/** What became of objects. */
class Histories {
  readonly all = new Map<string, History>();
  readonly #plain: (text: string) => string;

  constructor(plain: (text: string) => string) {
    this.#plain = plain;
  }

  of(subject: string): History {
    let history = this.all.get(subject);
    if (history === undefined) this.all.set(subject, (history = { states: [], events: [] }));
    return history;
  }

  state(subject: string, conditions: readonly Condition[]): void {
    this.#push(
      subject,
      conditions
        .filter(({ type }) => type !== 'Contested')
        .map(({ type, status, reason, message }) => `    ${type}=${status} ${reason}: ${this.#plain(message)}`)
        .join('\n'),
    );
  }

  /** Follows objects. */
  readonly handlers = {
    added: (object: KubeObject): void => this.state(subjectOf(object.kind, object.metadata.name), conditionsOf(object)),
    modified: (object: KubeObject): void => this.state(subjectOf(object.kind, object.metadata.name), conditionsOf(object)),
    deleted: (object: KubeObject): void => this.gone(subjectOf(object.kind, object.metadata.name)),
  };

  gone(subject: string): void {
    this.#push(subject, '    gone');
  }

  event(subject: string, { severity, reason, message }: { severity: string; reason: string; message: string }): void {
    // That drift of Kustomizations was corrected, and that two of them want the same object, is told besides.
    const isBesides = reason === 'AppliedByAnother' || (reason === 'DriftCorrected' && !subject.startsWith('HelmRelease/'));
    if (severity !== 'trace' && !isBesides) this.of(subject).events.push(`${severity} ${reason}: ${this.#plain(message)}`);
  }

  #push(subject: string, state: string): void {
    const { states } = this.of(subject);
    if (states.at(-1) !== state) states.push(state);
  }
}

/** Waits until everything has looked as it looked in the recording at this time: what goes round and round goes on. */
async function settled(seen: Histories, wanted: Histories, namespace: string, isIdle: () => Promise<boolean>): Promise<void> {
  const isSettled = ([subject, { states, events }]: [string, History]): boolean =>
    isDifferent(namespace, subject) ||
    (seen.of(subject).states.includes(states.at(-1) ?? '') &&
      // What is faster here has told more already.
      plainEvents(seen.of(subject).events).join('\n').startsWith(plainEvents(events).join('\n')));
  // A step that leads back to where it began is not over before it has begun.
  await new Promise((resolve) => setTimeout(resolve, 100));
  await within(SETTLE_MS, () => [...wanted.all].every(isSettled));
  // Equal states can come twice: only when nobody works any more is this the later one. A health wait goes on, though.
  const deadline = Date.now() + IDLE_MS;
  while (Date.now() < deadline && !(await isIdle())) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** What is still different when there was time to become equal. */
async function remaining(seen: Histories, wanted: Histories, namespace: string): Promise<string[]> {
  const subjects = [...wanted.all.keys()].filter((subject) => !isDifferent(namespace, subject));
  const faults = (): string[] => subjects.flatMap((subject) => compare(seen, wanted, subject));
  await within(SETTLE_MS, () => faults().length === 0);
  return faults();
}

function isDifferent(namespace: string, subject: string): boolean {
  return Object.hasOwn(DIFFERENCES, `${namespace} ${subject}`);
}

async function within(ms: number, isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + ms;
  while (Date.now() < deadline && !isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
}

async function perform(
  { cluster, git, web }: World,
  { webhookHandler }: Controllers,
  namespace: string,
  entry: Entry,
  hashes: Map<string, string>,
): Promise<void> {
  const { step = '', repo = '', kind = '', name = '' } = entry;
  const known = KINDS.find((each) => each === kind);
  const key =
    known !== undefined
      ? keyOfKind(known, namespace, name)
      : {
          apiVersion: kind === 'deployment' ? 'apps/v1' : kind === 'job' ? 'batch/v1' : 'v1',
          kind: kind.replace(/^./, (c) => c.toUpperCase()).replace('map', 'Map'),
          namespace,
          name,
        };
  if (step === 'git commit') {
    const commit = git.commit(repo, {
      ...(entry.files === undefined ? {} : { files: withTimes(entry.files) }),
      ...(entry.remove === undefined ? {} : { remove: entry.remove }),
      ...(entry.message === undefined ? {} : { message: entry.message }),
      ...(entry.tag === undefined ? {} : { tag: entry.tag }),
    });
    hashes.set(commit, entry.commit!);
  } else if (step === 'apply') {
    const back = new Map([...hashes].map(([actual, recorded]) => [recorded, actual]));
    const text = JSON.stringify(entry.objects)
      .replaceAll(/http:\/\/<host>\/((?:auth\/)?[\w-]+)\.git/g, (_, repository: string) => git.urlOf(repository))
      .replaceAll('<host>', web.host)
      .replaceAll(/[0-9a-f]{40}/g, (hash) => back.get(hash) ?? hash);
    for (const object of JSON.parse(text) as KubeObject[]) await put(cluster, object);
  } else if (step === 'create the token Secret') {
    await cluster.create(secret('tok', { token: entry.token! }, namespace));
  } else if (step === 'POST to the webhook path') {
    const { items } = await cluster.list<Receiver>(keyOfKind('Receiver', namespace, ''));
    const path = items.find(({ status }) => status?.webhookPath !== undefined)?.status?.webhookPath;
    const answer = await webhookHandler({ method: 'POST', path: path!, headers: {}, body: '{}' });
    assert.equal(answer.status, entry.status);
  } else if (step === 'delete the managed ConfigMap') {
    await cluster.delete({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name });
  } else if (step === 'delete') {
    await cluster.delete(key);
  } else if (step === 'request reconciliation') {
    const token = String(process.hrtime.bigint());
    const names = Object.keys(entry.annotations ?? { 'reconcile.fluxcd.io/requestedAt': '' });
    await cluster.patch(key, 'merge', { metadata: { annotations: Object.fromEntries(names.map((each) => [each, token])) } });
  } else if (entry.patch !== undefined) {
    const patch = JSON.parse(JSON.stringify(entry.patch).replaceAll('<time>', '2026-01-01T00:00:00Z')) as Json;
    const options = entry.subresource === undefined ? {} : { subresource: entry.subresource };
    await cluster.patch(key, 'merge', patch, { fieldManager: 'kubectl-patch', ...options });
  }
}

/** Makes it, or gives what is there another spec. */
async function put(cluster: World['cluster'], object: KubeObject): Promise<void> {
  const key = objectKeyOf(referenceOf(object));
  if ((await cluster.get(key)) === undefined) await cluster.create(object);
  else await cluster.patch(key, 'json', [{ op: 'replace', path: '/spec', value: object['spec'] as Json }]);
}

/** What differs between any two runs, in one spelling. */
/** Recordings have no times, which an encrypted file must have. */
function withTimes(files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).map(([path, text]) => [
      path,
      text.replaceAll('"<time>"', '"2026-01-01T00:00:00Z"').replaceAll('<time>', '2026-01-01T00:00:00Z'),
    ]),
  );
}

function normalized(text: string, hashes: ReadonlyMap<string, string>, namespace: string): string {
  return (
    text
      .replaceAll(/[0-9a-f]{40}/g, (hash) => hashes.get(hash) ?? hash)
      .replaceAll(/(?<=\+)[0-9a-f]{12}/g, (start) => [...hashes].find(([hash]) => hash.startsWith(start))?.[1].slice(0, 12) ?? start)
      .replaceAll(/127\.0\.0\.1:\d+/g, '<host>')
      // The charts and artifacts are others.
      .replaceAll(/sha256:[0-9a-f]{64}/g, 'sha256:<digest>')
      .replaceAll(/of size [\d.]+k?B/g, 'of size <size>')
      .replaceAll(/(finished in|passed in|failed after) (?:<duration>|(?:[\d.]+(?:ms|µs|ns|[hms]))+)/g, '$1 <duration>')
      .replaceAll(/(open|stat|directory on|failure on|directory:) ('?)\.?\/?[\w./-]+\2/g, '$1 $2<tmp>$2')
      // What the server said, and whether a listing or a fetch was refused, is not of the controllers.
      .replaceAll(
        /unable to (?:clone|list remote for) ('[^']*'): (repository not found|authentication required|couldn't find remote ref "[^"]*")?[^]*$/g,
        'unable to clone $1: $2',
      )
      .replaceAll(': ensure its CustomResourceDefinition is installed first', '')
      // Better on purpose: why something is not healthy is told below.
      .replaceAll(/((?:timeout waiting for|due to stalled resources): \[[^\]]*\])\n[^]*$/g, '$1')
      .replaceAll(/\nlooked for in .*$/g, '')
      // Better on purpose: every fault ends with the file and the line that it is in, which the recorded controllers don't know.
      .replaceAll(/ \[[\w./-]+\.yaml(?::\d+)?\]$/gm, '')
      // The steps of an action are told in other words, with other times.
      .replaceAll(/\n\nLast Helm logs:[^]*$/g, '')
      .replaceAll(namespace, '<namespace>')
  );
}

/**
 * Events as they are compared. Better on purpose: a dependent that is ready is asked for a new revision after its dependency, and
 * does not say before that the dependency is not there yet.
 */
function plainEvents(events: readonly string[]): string[] {
  return withoutRepeats(events.filter((event, index) => !isEarly(event, events[index - 1])));
}

function isEarly(event: string, before = ''): boolean {
  return event.startsWith('info DependencyNotReady') && before.includes('ReconciliationSucceeded');
}

/** The list with every block that follows itself taken once: retries are as many as there is time. */
function withoutRepeats(list: readonly string[]): string[] {
  const result = [...list];
  for (let size = 1; size <= 6; size++) {
    for (let at = 0; at + 2 * size <= result.length;) {
      const block = result.slice(at, at + size);
      if (block.every((item, index) => item === result[at + size + index])) result.splice(at + size, size);
      else at++;
    }
  }
  return result;
}
