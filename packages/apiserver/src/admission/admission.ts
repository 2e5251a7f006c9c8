import { randomUUID } from 'node:crypto';
import { deepEqual, errorMessage, isJsonObject, type KubeObject } from '@sluice/core';
import { builtinType, decodeChecked, internal, jsonPatch, Refusal } from '../objects/index.js';
import type { Resource } from '../registry/resource.js';
import { typeOf } from '../registry/types.js';
import type { ResourceCall } from '../server/context.js';
import { badRequest, internalError, StatusError } from '../server/status.js';
import type { Store } from '../store/store.js';
import { withDefaults } from '../verbs/decode.js';
import { attributesOf, inVersion, type AdmissionWrite, type Attributes } from './attributes.js';
import { holds, isExempt, match } from './match.js';
import { denial, readVerdict, reviewText, type Verdict } from './review.js';
import type { Send } from './send.js';
import { Webhooks, type Webhook, type WebhookTarget } from './webhook.js';

const GROUP = 'admissionregistration.k8s.io';

/** The webhook could not be asked, or its answer is none: `failurePolicy` says what that means. */
class CallFailed extends Error {}

/** Asks the webhooks of one cluster. */
export class Admission {
  readonly #store: Store;
  readonly #send: Send;
  readonly #mutating: Webhooks;
  readonly #validating: Webhooks;

  constructor(store: Store, send: Send) {
    this.#store = store;
    this.#send = send;
    this.#mutating = new Webhooks(store.table(`${GROUP}/mutatingwebhookconfigurations`).objects);
    this.#validating = new Webhooks(store.table(`${GROUP}/validatingwebhookconfigurations`).objects);
  }

  /** Whether there is any configuration. */
  get isAsked(): boolean {
    return this.#validating.areThere || this.#mutating.areThere;
  }

  /** What the mutating webhooks make of an object. Throws the Status of a refusal. */
  async mutate(call: ResourceCall, write: AdmissionWrite): Promise<KubeObject | undefined> {
    if (!this.#mutating.areThere || isExempt(call.resource)) return write.object;
    const webhooks = this.#mutating.all();
    let { object } = write;
    const seen = new Map<Webhook, KubeObject | undefined>();
    const ask = async (webhook: Webhook): Promise<void> => {
      const attributes = attributesOf(call, { ...write, object });
      const target = targetOf(webhook, attributes);
      if (target === undefined) return;
      const verdict = await this.#ask(webhook, attributes, target, true);
      if (verdict !== undefined && verdict.patch !== '') object = patched(webhook, attributes, target, verdict);
      if (webhook.isReinvoked) seen.set(webhook, object);
    };
    for (const webhook of webhooks) await ask(webhook);
    // Who wants to be asked again is, once, when the object changed since.
    for (const webhook of webhooks) if (seen.has(webhook) && !deepEqual(seen.get(webhook), object)) await ask(webhook);
    return object;
  }

  /** Asks the validating webhooks. Throws the Status of the first refusal. */
  async validate(call: ResourceCall, write: AdmissionWrite): Promise<void> {
    if (!this.#validating.areThere || isExempt(call.resource)) return;
    const attributes = attributesOf(call, write);
    const asked = this.#validating.all().flatMap((webhook) => {
      const target = targetOf(webhook, attributes);
      return target === undefined ? [] : [this.#ask(webhook, attributes, target, false)];
    });
    for (const result of await Promise.allSettled(asked)) if (result.status === 'rejected') throw result.reason;
  }

  /** Both for an object that is not stored as it is: a connection, an eviction. */
  async admit(call: ResourceCall, write: AdmissionWrite): Promise<void> {
    const object = await this.mutate(call, write);
    await this.validate(call, { ...write, object });
  }

  /** Undefined when the webhook failed and that is to be ignored. */
  async #ask(webhook: Webhook, attributes: Attributes, target: Resource, isMutating: boolean): Promise<Verdict | undefined> {
    if (attributes.dryRun && webhook.hasSideEffects)
      throw badRequest(`admission webhook ${JSON.stringify(webhook.name)} does not support dry run`);
    let verdict: Verdict;
    try {
      verdict = await this.#review(webhook, attributes, target, isMutating);
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      if (webhook.ignoresFailure) return undefined;
      throw internalError(`failed calling webhook ${JSON.stringify(webhook.name)}: ${error.message}`);
    }
    attributes.call.warnings.push(...verdict.warnings);
    if (!verdict.allowed) throw denial(webhook.name, verdict);
    return verdict;
  }

  async #review(webhook: Webhook, attributes: Attributes, target: Resource, isMutating: boolean): Promise<Verdict> {
    const version = webhook.reviewVersions.find((known) => known === 'v1' || known === 'v1beta1');
    if (version === undefined) {
      throw new CallFailed('could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)');
    }
    const uid = randomUUID();
    let text: string;
    try {
      text = await this.#send({
        ...this.#address(webhook.target, webhook.timeoutSeconds),
        body: reviewText(uid, version, attributes, target),
        timeoutMs: webhook.timeoutSeconds * 1000,
      });
    } catch (error) {
      throw new CallFailed(`failed to call webhook: ${errorMessage(error)}`, { cause: error });
    }
    let verdict: Verdict;
    try {
      verdict = readVerdict(text, uid, version, isMutating);
    } catch (error) {
      throw new CallFailed(`received invalid webhook response: ${errorMessage(error)}`, { cause: error });
    }
    if (verdict.allowed && verdict.patch !== '' && verdict.patchType !== 'JSONPatch')
      throw new CallFailed(`unsupported patch type ${JSON.stringify(verdict.patchType)}`);
    return verdict;
  }

  #address(target: WebhookTarget, timeoutSeconds: number): { url: string; caBundle: string } {
    const query = `?timeout=${timeoutSeconds}s`;
    if ('url' in target) {
      const path = new URL(target.url).pathname === '/' && !target.url.endsWith('/') ? '/' : '';
      return { url: `${target.url}${path}${query}`, caBundle: target.caBundle };
    }
    const { namespace, name, port, path } = target.service;
    const url = `https://${name}.${namespace}.svc:${port}${path === '' || path.startsWith('/') ? path || '/' : `/${path}`}${query}`;
    const isThere = this.#store.table('/services').objects.get(`${namespace}/${name}`) !== undefined;
    // No container runs, so nothing is ever behind a service.
    const why = isThere ? `no endpoints available for service ${JSON.stringify(name)}` : `service ${JSON.stringify(name)} not found`;
    throw new Error(`Post ${JSON.stringify(url)}: ${why}`);
  }
}

function targetOf(webhook: Webhook, attributes: Attributes): Resource | undefined {
  const target = match(webhook, attributes);
  return target === undefined || !holds(webhook, attributes, target) ? undefined : target;
}

/** The object with a webhook's patch, of its kind's type again and with the defaults of what is new. */
function patched(webhook: Webhook, attributes: Attributes, target: Resource, { patch }: Verdict): KubeObject {
  const { call, object } = attributes;
  const named = `admission webhook ${JSON.stringify(webhook.name)}`;
  if (object === undefined) throw internalError(`${named} attempted to modify the object, which is not supported for this operation`);
  try {
    const operations: unknown = JSON.parse(Buffer.from(patch, 'base64').toString('utf8'));
    const value = jsonPatch(inVersion(object, call.resource, target), operations);
    if (!isJsonObject(value)) throw internal('the patch leaves no object');
    return typed(call.resource, object, inVersion(value as unknown as KubeObject, target, call.resource)!);
  } catch (error) {
    if (error instanceof StatusError) throw error;
    const why = error instanceof Refusal && error.code === 422 ? 'its patch does not apply to the object' : errorMessage(error);
    throw internalError(`${named}: ${why}`);
  }
}

function typed(resource: Resource, before: KubeObject, after: KubeObject): KubeObject {
  const type = before.kind === resource.kind ? typeOf(resource).type : builtinType(before.apiVersion, before.kind);
  if (type === undefined) return after;
  const value = { ...after, apiVersion: before.apiVersion, kind: before.kind };
  return withDefaults(decodeChecked({ type, value, validation: 'Ignore', source: 'memory', refuse })).object;
}

function refuse(message: string): never {
  throw internal(message);
}
