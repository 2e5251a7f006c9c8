import type { HttpResponse } from '@sluice/kube';
import type { ResourceCall } from '../server/context.js';
import { badRequest, notFound } from '../server/status.js';
import { find } from '../verbs/get.js';

/** exec, attach, portforward: what only a running container could answer. */
export async function attach(call: ResourceCall): Promise<HttpResponse> {
  const { object } = find(call);
  await admitConnection(call);
  const node = (object['spec'] as { nodeName?: string } | undefined)?.nodeName ?? '';
  if (node === '') throw badRequest(`pod ${call.path.name} does not have a host assigned`);
  throw badRequest(`pod ${call.path.name} has no running container: the workloads of this cluster are simulated`);
}

/** Webhooks may refuse a connection before anybody finds out that nothing answers it. */
async function admitConnection(call: ResourceCall): Promise<void> {
  const { admission } = call.context;
  if (admission.isAsked) await admission.admit(call, { operation: 'CONNECT', object: undefined, oldObject: undefined, dryRun: false });
}

/** Nothing listens behind the addresses of this cluster. */
export async function proxy(call: ResourceCall): Promise<HttpResponse> {
  const { resource, path } = call;
  if (resource.table === '/pods') {
    find(call);
    await admitConnection(call);
    throw badRequest('address not allowed');
  }
  const name = path.name.split(':').find((part) => part !== '' && part !== 'http' && part !== 'https') ?? path.name;
  throw notFound(resource, name);
}
