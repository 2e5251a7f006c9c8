import { isJsonObject, type KubeObject } from '@sluice/core';
import type { HttpResponse } from '@sluice/kube';
import { invalid as invalidField, type FieldError } from '@sluice/schema';
import type { ResourceCall } from '../server/context.js';
import { isTrue } from '../server/request-info.js';
import { plainText, stream } from '../server/respond.js';
import { badRequest, invalid, notFound } from '../server/status.js';
import { find } from '../verbs/get.js';
import { WatchStream } from '../verbs/watch-stream.js';

/** What a container would have logged: the simulator tells. */
export async function podLog(call: ResourceCall): Promise<HttpResponse> {
  const { context, info, path } = call;
  const pod = find(call).object;
  checkLogOptions(call);
  const container = chooseContainer(pod, info.query.get('container'), path.name);
  const node = textOf(pod, 'spec', 'nodeName');
  if (node === '') return { ...plainText(204, ''), headers: {} };
  if (context.store.table('/nodes').objects.get(`/${node}`) === undefined) throw notFound(call.resource, node);
  const lines = context.podLog(pod, container).split(/(?<=\n)/);
  const tail = info.query.get('tailLines');
  const text = (tail !== null && /^\d+$/.test(tail) ? (tail === '0' ? [] : lines.slice(-Number(tail))) : lines).join('');
  return isTrue(info.query.get('follow')) ? stream(follow(call, pod, text), [], 'text/plain') : plainText(200, text, 'text/plain');
}

/** Options that Kubernetes refuses, whatever the pod. */
function checkLogOptions({ info: { query }, path }: ResourceCall): void {
  const faults: FieldError[] = [];
  for (const [name, least, text] of [
    ['tailLines', 0, 'must be greater than or equal to 0'],
    ['limitBytes', 1, 'must be greater than 0'],
    ['sinceSeconds', 1, 'must be greater than 0'],
  ] as const) {
    const given = query.get(name);
    if (given !== null && /^-?\d+$/.test(given) && Number(given) < least) faults.push(invalidField(name, Number(given), text));
  }
  if (faults.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, path.name, faults);
}

/** The text, then silence for as long as the pod runs. */
function follow(call: ResourceCall, pod: KubeObject, text: string): AsyncIterable<Uint8Array> {
  const { context, resource } = call;
  const signal = call.signal();
  const output = new WatchStream(() => stop());
  const key = `${pod.metadata.namespace}/${pod.metadata.name}`;
  const unsubscribe = context.store.table(resource.table).changes.subscribe(context.store.revision, ({ type, stored }) => {
    if (stored.key === key && (type === 'DELETED' || isOver(stored.object))) output.end();
  });
  const abort = (): void => output.end();
  signal?.addEventListener('abort', abort, { once: true });
  const stop = (): void => {
    unsubscribe();
    signal?.removeEventListener('abort', abort);
  };
  output.push(Buffer.from(text));
  if (isOver(pod)) output.end();
  return output;
}

function isOver(pod: KubeObject): boolean {
  const phase = textOf(pod, 'status', 'phase');
  return phase === 'Succeeded' || phase === 'Failed';
}

function chooseContainer(pod: KubeObject, wanted: string | null, name: string): string {
  const { spec } = pod;
  const named = (field: string): string[] =>
    isJsonObject(spec) && Array.isArray(spec[field]) ? spec[field].map((container) => textOf(container, 'name')) : [];
  const containers = named('containers');
  const all = [...containers, ...named('initContainers'), ...named('ephemeralContainers')];
  if (wanted !== null && wanted !== '') {
    if (!all.includes(wanted)) throw badRequest(`container ${wanted} is not valid for pod ${name}`);
    return wanted;
  }
  const annotated = pod.metadata.annotations?.['kubectl.kubernetes.io/default-container'];
  if (annotated !== undefined && containers.includes(annotated)) return annotated;
  if (containers.length > 1) throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${all.join(' ')}]`);
  return containers[0] ?? '';
}

function textOf(value: unknown, ...path: readonly string[]): string {
  let found = value;
  for (const step of path) found = isJsonObject(found) ? found[step] : undefined;
  return typeof found === 'string' ? found : '';
}
