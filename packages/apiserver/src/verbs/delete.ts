import type { KubeObject } from '@sluice/core';
import type { HttpResponse } from '@sluice/kube';
import { invalid as invalidField, notSupported, type FieldError } from '@sluice/schema';
import { parseYaml } from '@sluice/yaml';
import { markDefinition } from '../definitions/definitions.js';
import { DEFINITIONS } from '../registry/definition.js';
import { builtinType, decodeObject } from '../objects/index.js';
import type { Resource } from '../registry/resource.js';
import { decodeProtobuf } from '../protobuf/decode.js';
import { servedObject } from '../registry/served.js';
import { timestamp, type ResourceCall } from '../server/context.js';
import { renderObject, renderStatus, renderStored } from '../server/render.js';
import { badRequest, conflict, deletedStatus, forbidden, invalid, unexpected } from '../server/status.js';
import type { Stored } from '../store/stored.js';
import { bodyBytes, bodyString, contentTypeOf } from './body.js';
import { checkStill } from './change.js';
import { toStorage } from './commit.js';
import { find } from './get.js';
import { checkDryRun } from './write-options.js';

export interface DeleteOptions {
  readonly dryRun: boolean;
  readonly gracePeriodSeconds: number | undefined;
  readonly propagationPolicy: 'Orphan' | 'Background' | 'Foreground' | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';
const POLICIES = ['Foreground', 'Background', 'Orphan'];

/** Kinds whose DELETE answers with the object that is gone. */
const answersWithObject = new Set([
  '/services',
  '/serviceaccounts',
  '/pods',
  'storage.k8s.io/storageclasses',
  '/namespaces',
  'storage.k8s.io/csidrivers',
  'storage.k8s.io/csinodes',
  '/podtemplates',
  '/resourcequotas',
  '/persistentvolumes',
]);
/** Kinds whose dependents stay unless the request says otherwise. */
const orphansByDefault = new Set(['batch/jobs', '/replicationcontrollers']);

const JOB_WARNING =
  'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning';

export async function remove(call: ResourceCall): Promise<HttpResponse> {
  const options = readDeleteOptions(call);
  warnOfOrphans(call, options);
  const stored = find(call);
  if (call.context.admission.isAsked) await admitRemoval(call, stored, options);
  const { object, after, done } = removeStored(call, stored, options);
  await done;
  if (after !== undefined && !options.dryRun) return renderStored(call, 200, after);
  if (object !== undefined) return renderObject(call, 200, object);
  return renderStatus(call, 200, deletedStatus(call.resource, stored.name, stored.object.metadata.uid));
}

/** Asks the webhooks whether an object may go. */
export async function admitRemoval(call: ResourceCall, stored: Stored, { dryRun }: DeleteOptions): Promise<void> {
  const oldObject = servedObject(stored, call.resource);
  await call.context.admission.admit(call, { operation: 'DELETE', object: undefined, oldObject, dryRun });
  checkStill(call, stored);
}

/** Jobs leave their pods behind unless they are told not to: people are told that. */
export function warnOfOrphans({ resource, warnings }: ResourceCall, { propagationPolicy }: DeleteOptions): void {
  if (resource.table === 'batch/jobs' && propagationPolicy === undefined) warnings.push(JOB_WARNING);
}

interface Removal {
  /** The marked object, while something holds it; or the object that is gone, where the answer shows it. */
  readonly object: KubeObject | undefined;
  readonly after: Stored | undefined;
  readonly done: Promise<void> | undefined;
}

export function removeStored(call: ResourceCall, stored: Stored, options: DeleteOptions): Removal {
  const { context, resource } = call;
  const live = servedObject(stored, resource);
  checkDeletable(call, stored);
  checkPreconditions(call, stored, options);
  const marked = mark(resource, live, options, timestamp(context.now()), context.now());
  if (marked !== undefined) {
    if (marked === live) return { object: live, after: stored, done: undefined };
    if (options.dryRun) return { object: marked, after: undefined, done: undefined };
    const write = context.store.put(resource.table, stored.key, toStorage(resource, marked));
    context.afterWrite(resource, stored, write.stored);
    return { object: marked, after: write.stored, done: write.done };
  }
  const shows = answersWithObject.has(resource.table);
  if (options.dryRun) return { object: shows ? live : undefined, after: undefined, done: undefined };
  // A pod's last state is the marked one, however short its time was.
  const last = resource.table === '/pods' ? markNow(live, timestamp(context.now())) : stored.object;
  const write = context.store.remove(resource.table, stored.key, last);
  context.afterWrite(resource, stored, undefined);
  return { object: shows ? servedObject(write.stored, resource) : undefined, after: undefined, done: write.done };
}

/** Namespaces that every cluster has. */
const permanentNamespaces = new Set(['default', 'kube-system', 'kube-public']);

function checkDeletable({ resource }: ResourceCall, { name }: Stored): void {
  if (resource.table === '/namespaces' && permanentNamespaces.has(name))
    throw forbidden(resource, name, 'this namespace may not be deleted');
}

function checkPreconditions({ resource }: ResourceCall, stored: Stored, { uid, resourceVersion }: DeleteOptions): void {
  const found = stored.object.metadata.uid ?? '';
  const about = { group: '', resource: resource.kind };
  if (uid !== undefined && uid !== found) {
    throw conflict(
      about,
      stored.name,
      `the UID in the precondition (${uid}) does not match the UID in record (${found}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== String(stored.revision)) {
    throw conflict(
      about,
      stored.name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${stored.revision}). The object might have been modified`,
    );
  }
}

/** The object as it waits for what holds it; itself when it waits already; undefined when nothing holds it. */
function mark(resource: Resource, live: KubeObject, options: DeleteOptions, now: string, nowMs: number): KubeObject | undefined {
  if (resource.table === DEFINITIONS) return markDefinition(live, now);
  const { metadata } = live;
  const isNamespace = resource.table === '/namespaces';
  const held = finalizersOf(resource, live, options);
  const grace = gracePeriodOf(resource, live, options);
  const isHeld = held.length > 0 || (isNamespace && namespaceFinalizers(live) > 0);
  if (!isHeld && grace === 0) return undefined;
  if (metadata.deletionTimestamp !== undefined) {
    const shorter = grace < (metadata.deletionGracePeriodSeconds ?? 0);
    if (!shorter && sameList(held, metadata.finalizers ?? [])) return live;
    return {
      ...live,
      metadata: {
        ...metadata,
        ...finalizersField(held),
        ...(shorter ? { deletionGracePeriodSeconds: grace, deletionTimestamp: timestamp(nowMs + grace * 1000) } : {}),
      },
    };
  }
  const { generation } = metadata;
  const marked = {
    ...live,
    metadata: {
      ...metadata,
      ...(generation === undefined || generation === 0 ? {} : { generation: generation + 1 }),
      deletionTimestamp: grace > 0 ? timestamp(nowMs + grace * 1000) : now,
      ...(isNamespace ? {} : { deletionGracePeriodSeconds: grace }),
      ...finalizersField(held),
    },
  };
  return isNamespace ? { ...marked, status: { ...(live['status'] as object | undefined), phase: 'Terminating' } } : marked;
}

function markNow(pod: KubeObject, now: string): KubeObject {
  const { metadata } = pod;
  const isMarked = metadata.deletionTimestamp !== undefined;
  const generation = (metadata.generation ?? 0) + (isMarked ? 0 : 1);
  return {
    ...pod,
    metadata: { ...metadata, generation, deletionTimestamp: metadata.deletionTimestamp ?? now, deletionGracePeriodSeconds: 0 },
  };
}

function finalizersField(finalizers: readonly string[]): { finalizers?: readonly string[] } {
  return finalizers.length === 0 ? {} : { finalizers };
}

function namespaceFinalizers(live: KubeObject): number {
  return (live['spec'] as { finalizers?: readonly string[] } | undefined)?.finalizers?.length ?? 0;
}

/** The finalizers that a deletion leaves: its policy is a finalizer that the garbage collector takes off. */
function finalizersOf(resource: Resource, { metadata }: KubeObject, { propagationPolicy }: DeleteOptions): readonly string[] {
  const existing = metadata.finalizers ?? [];
  const kept = existing.filter((finalizer) => finalizer !== ORPHAN && finalizer !== FOREGROUND);
  const policy =
    propagationPolicy ??
    (existing.includes(ORPHAN)
      ? 'Orphan'
      : existing.includes(FOREGROUND)
        ? 'Foreground'
        : orphansByDefault.has(resource.table)
          ? 'Orphan'
          : 'Background');
  if (metadata.deletionTimestamp !== undefined && propagationPolicy === undefined) return existing;
  return policy === 'Background' ? kept : [...kept, policy === 'Orphan' ? ORPHAN : FOREGROUND];
}

/** Pods that run somewhere get their time; everything else goes at once. */
function gracePeriodOf(resource: Resource, live: KubeObject, { gracePeriodSeconds }: DeleteOptions): number {
  if (resource.table !== '/pods') return 0;
  const spec = live['spec'] as { nodeName?: string; terminationGracePeriodSeconds?: number } | undefined;
  const phase = (live['status'] as { phase?: string } | undefined)?.phase;
  if (spec?.nodeName === undefined || spec.nodeName === '' || phase === 'Succeeded' || phase === 'Failed') return 0;
  const wanted = gracePeriodSeconds ?? live.metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30;
  return Math.max(0, wanted);
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

/** Options from the body when there is one, else from the query. */
export function readDeleteOptions(call: ResourceCall): DeleteOptions {
  const text = jsonOrYaml(call, 'DeleteOptions');
  return readOptions(call, text.trim() === '' ? {} : decodeOptions(call, text));
}

/** An Eviction, and the options inside of it. */
export function readEviction(call: ResourceCall): { eviction: KubeObject; options: DeleteOptions } {
  // The older version says the same.
  const text = jsonOrYaml(call, 'Eviction');
  const type = builtinType('policy/v1', 'Eviction')!;
  const { object } = decodeObject({
    type: /"apiVersion"\s*:\s*"policy\/v1beta1"/.test(text) ? { ...type, apiVersion: 'policy/v1beta1' } : type,
    text,
    format: 'json',
    validation: 'Warn',
  });
  const { name = '' } = object.metadata;
  if (name !== '' && name !== call.path.name) throw badRequest('name in URL does not match name in Eviction object');
  return { eviction: object, options: readOptions(call, object['deleteOptions'] ?? {}) };
}

/** Clients of Go send these in protobuf. */
function jsonOrYaml(call: ResourceCall, kind: string): string {
  const bytes = bodyBytes(call);
  if (bytes.length === 0 || contentTypeOf(call)?.startsWith('application/vnd.kubernetes.protobuf') !== true) return bodyString(call);
  return JSON.stringify(decodeProtobuf(bytes, { kind }));
}

function readOptions(call: ResourceCall, body: DeleteOptionsBody): DeleteOptions {
  const { query } = call.info;
  const grace = query.get('gracePeriodSeconds');
  if (grace !== null && grace !== '' && !/^[+-]?\d+$/.test(grace))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(grace)}: invalid syntax`);
  const dryRun = [...(body.dryRun ?? query.getAll('dryRun'))];
  const policy = body.propagationPolicy ?? query.get('propagationPolicy') ?? undefined;
  const orphan = body.orphanDependents ?? (query.get('orphanDependents') === null ? undefined : query.get('orphanDependents') === 'true');
  const faults: FieldError[] = [];
  if (orphan !== undefined && policy !== undefined)
    faults.push(invalidField('propagationPolicy', policy, 'orphanDependents and deletionPropagation cannot be both set'));
  if (policy !== undefined && !POLICIES.includes(policy)) faults.push(notSupported('propagationPolicy', policy, [...POLICIES, 'nil']));
  checkDryRun(dryRun, faults);
  if (faults.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', faults);
  return {
    dryRun: dryRun.length > 0,
    gracePeriodSeconds: body.gracePeriodSeconds ?? (grace === null || grace === '' ? undefined : Number(grace)),
    propagationPolicy: (policy ??
      (orphan === undefined ? undefined : orphan ? 'Orphan' : 'Background')) as DeleteOptions['propagationPolicy'],
    uid: body.preconditions?.uid,
    resourceVersion: body.preconditions?.resourceVersion,
  };
}

interface DeleteOptionsBody {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly dryRun?: readonly string[];
  readonly gracePeriodSeconds?: number;
  readonly orphanDependents?: boolean;
  readonly propagationPolicy?: string;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

function decodeOptions(call: ResourceCall, text: string): DeleteOptionsBody {
  const isYaml = contentTypeOf(call)?.includes('yaml') === true;
  let body: DeleteOptionsBody | null;
  try {
    body = (isYaml ? parseYaml(text) : JSON.parse(text)) as DeleteOptionsBody | null;
  } catch {
    throw unexpected("couldn't get version/kind; json parse error: unexpected end of JSON input");
  }
  const { kind = 'DeleteOptions', apiVersion = 'v1' } = body ?? {};
  if (kind !== 'DeleteOptions')
    throw unexpected(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:110"`,
    );
  return body ?? {};
}
