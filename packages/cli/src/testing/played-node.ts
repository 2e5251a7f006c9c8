import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject, KubeObject } from '@sluice/core';
import { isNotFound, type Cluster } from '@sluice/kube';
import { field, textField } from '../kinds/index.js';
import { makeCertificate } from './certificate.js';
import type { PodLog } from './test-cluster.js';

const NODE = 'sluice-played';
const TICK_MS = 100;

/**
 * Plays the scheduler and a node in a real control plane that has neither: Pods are bound to it, run and are ready at once, and
 * end when they are told; those that are to stay pending do. Their logs are what `podLog` says; the API server fetches them here, as it does from a kubelet.
 */
export async function playNode(cluster: Cluster, podLog: PodLog): Promise<{ close(): Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-node-'));
  const server = createServer(makeCertificate(directory), (request, response) => {
    void answerLog(cluster, podLog, new URL(request.url ?? '/', 'https://node')).then((text) => response.end(text));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const key = { apiVersion: 'v1', kind: 'Node', name: NODE };
  await cluster.apply({ apiVersion: 'v1', kind: 'Node', metadata: { name: NODE } }, { fieldManager: 'test', force: true });
  const now = new Date().toISOString().replace(/\.\d+/, '');
  const status = {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: (server.address() as AddressInfo).port } },
    conditions: [{ type: 'Ready', status: 'True', reason: 'Played', message: '', lastHeartbeatTime: now, lastTransitionTime: now }],
  };
  await cluster.patch(key, 'merge', { status }, { subresource: 'status' });

  const stopping = new AbortController();
  const playing = (async () => {
    while (!stopping.signal.aborted) {
      const { items } = await cluster.list({ apiVersion: 'v1', kind: 'Pod' });
      for (const pod of items) await play(cluster, pod);
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
  })();
  return {
    async close() {
      stopping.abort();
      await playing;
      await cluster.delete(key);
      await new Promise((resolve) => server.close(resolve));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** `/containerLogs/NAMESPACE/POD/CONTAINER`, as a kubelet serves it. */
async function answerLog(cluster: Cluster, podLog: PodLog, { pathname, searchParams }: URL): Promise<string> {
  const [, , namespace = '', name = '', container = ''] = pathname.split('/');
  const pod = await cluster.get({ apiVersion: 'v1', kind: 'Pod', namespace, name });
  const lines = pod === undefined ? [] : podLog(pod, container).split(/(?<=\n)/);
  const tail = searchParams.get('tailLines');
  return (tail === null ? lines : lines.slice(Math.max(0, lines.length - Number(tail)))).join('');
}

/** The next step of a Pod. */
async function play(cluster: Cluster, pod: KubeObject): Promise<void> {
  const { name = '', namespace = '', deletionTimestamp, annotations = {} } = pod.metadata;
  const key = { apiVersion: 'v1', kind: 'Pod', namespace, name };
  const node = textField(pod, 'spec', 'nodeName');
  try {
    if (node !== '' && node !== NODE) return;
    if (deletionTimestamp !== undefined) await cluster.delete(key, { gracePeriodSeconds: 0 });
    else if (annotations['sluice.dev/simulate'] === 'Pending') return;
    else if (node === '') await cluster.post(key, 'binding', bindingOf(namespace, name));
    else if (textField(pod, 'status', 'phase') === 'Pending')
      await cluster.patch(key, 'merge', { status: running(pod) }, { subresource: 'status' });
  } catch (error) {
    // Somebody else was faster.
    if (!isNotFound(error)) throw error;
  }
}

function bindingOf(namespace: string, name: string): KubeObject & { readonly target: object } {
  const target = { apiVersion: 'v1', kind: 'Node', name: NODE };
  return { apiVersion: 'v1', kind: 'Binding', metadata: { namespace, name }, target };
}

function running(pod: KubeObject): JsonObject {
  const now = new Date().toISOString().replace(/\.\d+/, '');
  const containers = field(pod, 'spec', 'containers');
  return {
    phase: 'Running',
    conditions: ['Initialized', 'ContainersReady', 'Ready', 'PodScheduled'].map((type) => ({
      type,
      status: 'True',
      lastTransitionTime: now,
    })),
    containerStatuses: (Array.isArray(containers) ? containers : []).map((container) => ({
      name: textField(container, 'name'),
      image: textField(container, 'image'),
      imageID: '',
      ready: true,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: now } },
    })),
  };
}
