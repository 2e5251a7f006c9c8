import { errorMessage, SluiceError, type KubeObject } from '@sluice/core';
import { resourceFilters, resourceTarget, type ResourceFilter, type ResourceTarget } from './resources.js';
import type { TokenVerifier } from './tokens.js';
import { validateWebhook } from './validate.js';
import type { ReceiverSpec, WebhookRequest } from './webhook.js';

/** A Receiver as far as its webhooks are concerned. */
export interface WebhookReceiver {
  readonly name: string;
  readonly namespace: string;
  readonly spec: ReceiverSpec & {
    readonly suspend?: boolean | undefined;
    readonly secretRef?: { readonly name: string } | undefined;
  };
  readonly isReady: boolean;
}

/** What a webhook needs of the cluster. */
export interface WebhookDoors {
  /** The Receiver at a path, which is the whole of what was asked for, a query included. */
  receiverAt(path: string): WebhookReceiver | undefined;
  /** The decoded data of a Secret; rejects when it is not there. */
  secret(namespace: string, name: string): Promise<Readonly<Record<string, string>>>;
  /** The object by its name; rejects when it is not there. */
  get(target: ResourceTarget, name: string): Promise<KubeObject>;
  list(target: ResourceTarget): Promise<readonly KubeObject[]>;
  /** Asks for the object to be reconciled now. */
  trigger(object: KubeObject): Promise<void>;
  readonly verifier: TokenVerifier;
  readonly noCrossNamespace: boolean;
}

/** How a webhook ended: the status of the answer, and what the log should say. */
export interface WebhookOutcome {
  readonly status: number;
  readonly receiver?: WebhookReceiver;
  readonly triggered: readonly KubeObject[];
  readonly errors: readonly string[];
}

/** Handles a request to the path of a Receiver: nothing of why it failed goes back to who sent it. */
export async function handleWebhook(path: string, request: WebhookRequest, doors: WebhookDoors): Promise<WebhookOutcome> {
  const receiver = doors.receiverAt(path);
  if (receiver === undefined) return { status: 404, triggered: [], errors: [] };
  const fail = (status: number, error: string): WebhookOutcome => ({ status, receiver, triggered: [], errors: [error] });
  const { spec, namespace } = receiver;
  if (spec.suspend === true) return fail(503, 'receiver is suspended: unable to process request');
  if (!receiver.isReady) return fail(503, 'receiver is not ready: unable to process request');
  let filters: ResourceFilter[];
  try {
    const secret = spec.secretRef === undefined ? undefined : await readSecret(namespace, spec.secretRef.name, doors);
    const content = await validateWebhook(spec, request, secret, doors.verifier);
    try {
      filters = resourceFilters(spec, request, content);
    } catch (error) {
      return fail(500, `unable to create resource filters: ${errorMessage(error)}`);
    }
  } catch (error) {
    return fail(400, `unable to validate payload: ${errorMessage(error)}`);
  }
  const triggered: KubeObject[] = [];
  const errors: string[] = [];
  let isWhole = true;
  for (const [index, resource] of spec.resources.entries()) {
    const accepts = filters[index] ?? ((): boolean => true);
    try {
      const target = resourceTarget(resource, namespace, doors);
      const objects = target.name === undefined ? await doors.list(target) : [await doors.get(target, target.name)];
      // Labels that nothing has are worth a word, and no failure: the sender can do nothing about it.
      if (objects.length === 0)
        errors.push(
          `no ${JSON.stringify(target.kind)} resources found with the labels ${JSON.stringify(target.matchLabels)} in ${target.namespace}`,
        );
      for (const object of objects.filter((candidate) => accepts(candidate))) {
        await doors.trigger(object);
        triggered.push(object);
      }
    } catch (error) {
      isWhole = false;
      errors.push(`unable to request reconciliation: ${errorMessage(error)}`);
    }
  }
  return { status: isWhole ? 200 : 500, receiver, triggered, errors };
}

async function readSecret(namespace: string, name: string, doors: WebhookDoors) {
  try {
    return { name: `${namespace}/${name}`, data: await doors.secret(namespace, name) };
  } catch (error) {
    throw new SluiceError('WebhookRefused', `unable to read secret, error: ${errorMessage(error)}`, { cause: error });
  }
}
