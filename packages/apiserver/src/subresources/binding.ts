import type { KubeObject } from '@sluice/core';
import type { HttpResponse } from '@sluice/kube';
import { builtinType, decodeObject } from '../objects/index.js';
import { timestamp, type ResourceCall } from '../server/context.js';
import { renderStatus } from '../server/render.js';
import { conflict, invalid, notFound } from '../server/status.js';
import { bodyString } from '../verbs/body.js';
import { readWriteOptions } from '../verbs/write-options.js';

const PODS = { group: '', resource: 'pods' };

interface Binding extends KubeObject {
  readonly target?: { readonly kind?: string; readonly name?: string };
}

/** Puts a pod on a node: `pods/x/binding`, and `bindings` with the pod's name in the body. */
export async function bind(call: ResourceCall): Promise<HttpResponse> {
  const { context, path } = call;
  const options = readWriteOptions(call, 'CreateOptions');
  const type = builtinType('v1', 'Binding')!;
  const binding = decodeObject({ type, text: bodyString(call), format: 'json', validation: options.fieldValidation }).object as Binding;
  const name = path.name === '' ? (binding.metadata.name ?? '') : path.name;
  const node = binding.target?.name ?? '';
  if (node === '')
    throw invalid({ group: '', kind: 'Binding' }, name, [
      { reason: 'FieldValueRequired', field: 'target.name', message: 'Required value' },
    ]);
  const write = { operation: 'CREATE', object: binding, oldObject: undefined, dryRun: options.dryRun } as const;
  if (context.admission.isAsked) await context.admission.admit(call, write);
  const key = `${path.namespace}/${name}`;
  const stored = context.store.table('/pods').objects.get(key);
  if (stored === undefined) throw notFound(PODS, name);
  const pod = stored.object;
  const spec = (pod['spec'] ?? {}) as { nodeName?: string };
  const about = { group: '', resource: 'pods/binding' };
  if (pod.metadata.deletionTimestamp !== undefined)
    throw conflict(about, name, `pod ${name} is being deleted, cannot be assigned to a host`);
  if (spec.nodeName !== undefined && spec.nodeName !== '')
    throw conflict(about, name, `pod ${name} is already assigned to node ${JSON.stringify(spec.nodeName)}`);
  if (!options.dryRun) {
    const bound = { ...pod, spec: { ...spec, nodeName: node }, status: scheduled(pod, timestamp(context.now())) };
    await context.store.put('/pods', key, bound).done;
  }
  return renderStatus(call, 201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
}

function scheduled({ status }: KubeObject, now: string): object {
  const before = (status ?? {}) as { conditions?: { type: string }[] };
  const condition = { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: now };
  return { ...before, conditions: [...(before.conditions ?? []).filter(({ type }) => type !== 'PodScheduled'), condition] };
}
