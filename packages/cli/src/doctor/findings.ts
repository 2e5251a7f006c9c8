import { objectId, type KubeObject } from '@sluice/core';
import { conditionsOf, field, textField, type Condition, type FluxKind } from '../kinds/index.js';

/** How bad it is: nothing works, something does not, something waits for a person, something is worth knowing. */
export type Severity = 'critical' | 'broken' | 'stuck' | 'note';

/** Something that is wrong, by what it comes from. */
export interface Finding {
  readonly severity: Severity;
  /** `GitRepository/flux-system/apps`. */
  readonly subject: string;
  readonly problem: string;
  /** What is said about it, and by whom. */
  readonly evidence: readonly (readonly [from: string, text: string])[];
  /** What to do. */
  readonly advice?: string;
  /** Objects that are not ready because of this one. */
  readonly waiting: readonly string[];
  readonly object?: KubeObject;
  /** It is being worked on: what it waits for may yet come. */
  readonly isPassing?: true;
}

/** Objects of a kind of Flux. */
export interface Examined {
  readonly kind: FluxKind;
  readonly objects: readonly KubeObject[];
}

const ORDER: readonly Severity[] = ['critical', 'broken', 'stuck', 'note'];
/** A reconciliation that goes on for longer than this without an end is looked into. */
const PATIENCE_MS = 10 * 60_000;

/**
 * What is wrong with objects, worst first: those that others wait for before those that wait. Of what is `unknown` nothing is said,
 * not even that it is missing.
 */
export function findingsOf(examined: readonly Examined[], now: number, unknown: ReadonlySet<string> = new Set()): Finding[] {
  const objects = new Map(examined.flatMap((each) => each.objects).map((object) => [objectId(object), object]));
  const kinds = new Map(examined.map(({ kind }) => [kind.kind, kind]));
  const isStatic = (object: KubeObject): boolean => kinds.get(object.kind)?.isStatic(object) === true;
  const faults = new Map<string, Fault>();
  for (const [id, object] of objects) {
    const fault = isStatic(object) ? undefined : faultOf(object, now);
    if (fault !== undefined) faults.set(id, fault);
  }
  for (const [id, object] of objects) {
    const missing = referencesOf(object).find(
      (reference) => kinds.has(reference.split('/')[0] ?? '') && !objects.has(reference) && !unknown.has(reference),
    );
    if (missing === undefined) continue;
    const advice = `make ${missing}, or correct its name in the spec`;
    faults.set(id, { severity: 'broken', problem: `refers to ${missing}, which is not there`, advice });
  }
  const causes = new Map<string, string[]>();
  for (const id of faults.keys()) {
    const cause = causeOf(id, objects, faults);
    if (cause !== id) causes.set(cause, [...(causes.get(cause) ?? []), id]);
  }
  const consequences = new Set([...causes.values()].flat());
  return [...faults]
    .filter(([id]) => !consequences.has(id))
    .map(([id, fault]): Finding => {
      const object = objects.get(id)!;
      const waiting = (causes.get(id) ?? []).toSorted();
      // What was suspended on purpose matters when others wait for it.
      const severity = fault.severity === 'note' && waiting.length > 0 && fault.isPassing !== true ? 'stuck' : fault.severity;
      return { ...fault, severity, subject: id, evidence: evidenceIn(object), waiting, object };
    })
    .toSorted(worstFirst);
}

/** Orders findings: the worst, and that with the most that waits for it, first. */
export function worstFirst(a: Finding, b: Finding): number {
  const bySeverity = ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity);
  return bySeverity || b.waiting.length - a.waiting.length || (a.subject < b.subject ? -1 : 1);
}

interface Fault {
  readonly severity: Severity;
  readonly problem: string;
  readonly advice?: string;
  readonly isPassing?: true;
}

function faultOf(object: KubeObject, now: number): Fault | undefined {
  const conditions = conditionsOf(object);
  const ready = conditions.find(({ type }) => type === 'Ready');
  const stalled = conditions.find(({ type, status }) => type === 'Stalled' && status === 'True');
  const { deletionTimestamp, creationTimestamp = '' } = object.metadata;
  if (deletionTimestamp !== undefined && now - Date.parse(deletionTimestamp) > PATIENCE_MS)
    return { severity: 'stuck', problem: `is being deleted since ${deletionTimestamp}: a finalizer holds it` };
  if (field(object, 'spec', 'suspend') === true)
    return { severity: 'note', problem: 'is suspended: nothing is done about it until it is resumed' };
  if (stalled !== undefined) return { severity: 'broken', problem: 'has stalled: it is not tried again before somebody changes it' };
  if (ready?.status === 'False') return { severity: 'broken', problem: 'is not ready' };
  if (conditions.some((condition) => condition.type === 'Reconciling' && textField(condition, 'reason') === 'ProgressingWithRetry'))
    return { severity: 'broken', problem: 'has failed, and is tried again' };
  if (ready === undefined) {
    if (now - Date.parse(creationTimestamp) < PATIENCE_MS) return undefined;
    return { severity: 'stuck', problem: 'was never reconciled: does its controller run, and watch this namespace?' };
  }
  const observed = Number(field(object, 'status', 'observedGeneration') ?? 0);
  const since = now - Date.parse(textField(ready, 'lastTransitionTime'));
  if (ready.status === 'Unknown')
    return since > PATIENCE_MS
      ? { severity: 'stuck', problem: 'is being reconciled without an end' }
      : { severity: 'note', problem: 'is being reconciled', isPassing: true };
  if (observed > 0 && observed < (object.metadata.generation ?? 0) && since > PATIENCE_MS)
    return { severity: 'stuck', problem: 'has changed, and its controller has not taken it up' };
  return undefined;
}

/** What an object needs, as `Kind/namespace/name`: its source or chart, what it depends on, its provider. */
export function referencesOf(object: KubeObject): string[] {
  const { namespace: own = '', name = '' } = object.metadata;
  const id = (kind: string, reference: unknown): string =>
    `${kind}/${textField(reference, 'namespace') || own}/${textField(reference, 'name')}`;
  const references: string[] = [];
  for (const path of [['sourceRef'], ['chartRef']]) {
    const reference = field(object, 'spec', ...path);
    const kind = textField(reference, 'kind');
    if (kind !== '') references.push(id(kind, reference));
  }
  const chartSource = field(object, 'spec', 'chart', 'spec', 'sourceRef');
  const chart = textField(object, 'status', 'helmChart');
  if (chart !== '') references.push(`HelmChart/${chart}`);
  else if (chartSource !== undefined) references.push(id(textField(chartSource, 'kind'), chartSource));
  const dependencies = field(object, 'spec', 'dependsOn');
  for (const dependency of Array.isArray(dependencies) ? dependencies : []) references.push(id(object.kind, dependency));
  const provider = field(object, 'spec', 'providerRef');
  if (provider !== undefined) references.push(id('Provider', provider));
  const images = field(object, 'spec', 'imageRepositoryRef');
  if (images !== undefined) references.push(id('ImageRepository', images));
  return references.filter((reference) => reference !== `${object.kind}/${own}/${name}`);
}

/** The fault that is behind a fault: of something that the object needs, however far away. */
function causeOf(id: string, objects: ReadonlyMap<string, KubeObject>, faults: ReadonlyMap<string, Fault>): string {
  const path = [id];
  for (let at = id; ;) {
    const faulty = faultyNeeds(objects.get(at), objects, faults);
    const next = faulty.find((reference) => !path.includes(reference));
    if (next === undefined) {
      // Of some that wait for each other, one stands for all.
      const circle = faulty.length === 0 ? [at] : path.slice(Math.min(...faulty.map((reference) => path.indexOf(reference))));
      return circle.toSorted()[0] ?? at;
    }
    path.push(next);
    at = next;
  }
}

/** What is wrong among the things that an object needs, the worst first. */
function faultyNeeds(
  object: KubeObject | undefined,
  objects: ReadonlyMap<string, KubeObject>,
  faults: ReadonlyMap<string, Fault>,
): readonly string[] {
  if (object === undefined) return [];
  const reasons = conditionsOf(object).map((condition) => textField(condition, 'reason'));
  return (
    referencesOf(object)
      .flatMap((reference) => {
        const fault = faults.get(reference);
        return fault === undefined ? [] : [{ reference, fault }];
      })
      // Who was suspended on purpose, or is being worked on, is the cause only where that says so, or where there is nothing of it yet.
      .filter(
        ({ reference, fault }) =>
          fault.severity !== 'note' ||
          reasons.includes('DependencyNotReady') ||
          (LACKS_SOURCE.some((reason) => reasons.includes(reason)) && field(objects.get(reference), 'status', 'artifact') === undefined),
      )
      .toSorted((a, b) => ORDER.indexOf(a.fault.severity) - ORDER.indexOf(b.fault.severity))
      .map(({ reference }) => reference)
  );
}

/** Reasons of objects whose source has nothing for them. */
const LACKS_SOURCE: readonly string[] = ['ArtifactFailed', 'SourceNotReady'];

/** The conditions that say that something is wrong; of what is being worked on the one that says with what. */
export function tellingConditions(object: KubeObject): readonly Condition[] {
  const conditions = conditionsOf(object);
  const ready = conditions.find(({ type }) => type === 'Ready');
  const working = conditions.find(({ type, status }) => type === 'Reconciling' && status === 'True');
  if (ready?.status === 'Unknown' && working !== undefined) return [working];
  const stalled = conditions.find(({ type, status }) => type === 'Stalled' && status === 'True');
  const isSame = stalled !== undefined && stalled.message === ready?.message;
  return [stalled, isSame || ready?.status === 'True' ? undefined : ready].filter((condition) => condition !== undefined);
}

function evidenceIn(object: KubeObject): [string, string][] {
  return tellingConditions(object).map((condition) => {
    const since = textField(condition, 'lastTransitionTime');
    const reason = textField(condition, 'reason');
    return ['condition', `${condition.type}=${condition.status} ${reason}${since === '' ? '' : ` since ${since}`}: ${condition.message}`];
  });
}
