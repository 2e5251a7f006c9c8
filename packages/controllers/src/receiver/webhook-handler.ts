import type { Receiver } from '@sluice/api';
import { requestAnnotations, SluiceError, type KubeObject } from '@sluice/core';
import { labelSelectorText, type Cluster, type Fetch, type HttpHeaders, type Informer } from '@sluice/kube';
import { handleWebhook, type TokenVerifier, type WebhookDoors, type WebhookReceiver } from '@sluice/notifications';
import { conditionsOf, keyOf, type Clock, type Logger } from '@sluice/runtime';
import { secretsOf, textIn } from '../source/secrets.js';
import type { HttpMetrics } from '../notification/http-metrics.js';
import { requestBytes } from '../notification/request-body.js';

export interface WebhookWorld {
  readonly cluster: Cluster;
  readonly receivers: Informer<Receiver>;
  readonly verifier: TokenVerifier;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: HttpMetrics;
  readonly noCrossNamespace: boolean;
  /** Told of what is triggered before the cluster is. */
  readonly onTrigger?: (object: KubeObject) => void;
}

export interface WebhookHandler {
  readonly handle: Fetch;
  stop(): void;
}

/** Answers at the paths of Receivers. Other paths cost a look-up, and who sends learns no more than a status. */
export function createWebhookHandler(world: WebhookWorld): WebhookHandler {
  const { cluster, receivers, clock, log, metrics } = world;
  const byPath = new Map<string, string>();
  const forget = (receiver: Receiver): void => {
    const path = receiver.status?.webhookPath;
    if (path !== undefined && byPath.get(path) === keyOf(receiver)) byPath.delete(path);
  };
  const remember = (receiver: Receiver): void => {
    const path = receiver.status?.webhookPath;
    if (path !== undefined && path !== '') byPath.set(path, keyOf(receiver));
  };
  const unsubscribe = receivers.subscribe({
    added: remember,
    modified(receiver, before) {
      forget(before);
      remember(receiver);
    },
    deleted: forget,
  });
  const stopping = new AbortController();
  const signal = stopping.signal;
  const doors: WebhookDoors = {
    verifier: world.verifier,
    noCrossNamespace: world.noCrossNamespace,
    receiverAt(path) {
      const key = byPath.get(path);
      const slash = key?.indexOf('/') ?? -1;
      const receiver = key === undefined ? undefined : receivers.get(key.slice(0, slash), key.slice(slash + 1));
      return receiver === undefined ? undefined : webhookReceiver(receiver);
    },
    async secret(namespace, name) {
      const secret = await secretsOf({ metadata: { namespace } }, cluster, signal).get(name);
      return Object.fromEntries(Object.keys(secret.data).map((key) => [key, textIn(secret, key) ?? '']));
    },
    async get({ apiVersion, kind, namespace }, name) {
      const object = await cluster.get({ apiVersion, kind, namespace, name }, { as: 'metadata', signal });
      if (object === undefined)
        throw new SluiceError('WebhookRefused', `unable to read ${kind} "${namespace}/${name}" error: ${name} not found`);
      return object;
    },
    async list({ apiVersion, kind, namespace, matchLabels }) {
      const options = { as: 'metadata', signal, labelSelector: labelSelectorText({ matchLabels }) } as const;
      return (await cluster.list({ apiVersion, kind, namespace }, options)).items;
    },
    async trigger(object) {
      const { name = '', namespace = '' } = object.metadata;
      const annotations = { [requestAnnotations.requestedAt]: new Date(clock.now()).toISOString() };
      world.onTrigger?.(object);
      const key = { apiVersion: object.apiVersion, kind: object.kind, namespace, name };
      await cluster.patch(key, 'merge', { metadata: { annotations } }, { fieldManager: 'notification-controller', signal });
    },
  };
  return {
    handle: metrics.measured(async ({ path, headers, body }) => {
      const bytes = requestBytes(body);
      if (bytes === undefined) return { status: 413, headers: {}, body: '' };
      const outcome = await handleWebhook(path, { headers: single(headers), body: bytes }, doors);
      if (outcome.receiver !== undefined) {
        const about = log.with({ 'reconciler kind': 'Receiver', name: outcome.receiver.name, namespace: outcome.receiver.namespace });
        for (const error of outcome.errors) about.error('unable to handle a webhook', error);
        for (const { kind, metadata } of outcome.triggered)
          about.info(`resource '${kind}/${metadata.name}.${metadata.namespace}' annotated`);
      }
      return { status: outcome.status, headers: {}, body: '' };
    }),
    stop() {
      unsubscribe();
      stopping.abort(new Error('the controller stops'));
    },
  };
}

function webhookReceiver(receiver: Receiver): WebhookReceiver {
  const { name = '', namespace = '' } = receiver.metadata;
  const isReady = conditionsOf(receiver).some(({ type, status }) => type === 'Ready' && status === 'True');
  return { name, namespace, spec: receiver.spec, isReady };
}

function single(headers: HttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : value.join(', ')]));
}
