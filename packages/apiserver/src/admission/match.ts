import { errorMessage } from '@sluice/core';
import { mapOf, selects } from '../kinds/index.js';
import type { Resource } from '../registry/resource.js';
import { forbidden, notFound } from '../server/status.js';
import { inVersion, type Attributes } from './attributes.js';
import { admissionRequest } from './review.js';
import type { Webhook, WebhookRule } from './webhook.js';

/** Webhooks and policies are never asked about themselves: a broken one could not be taken away. */
const exempt = new Set([
  'validatingwebhookconfigurations',
  'mutatingwebhookconfigurations',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
]);

export function isExempt({ group, resource }: Resource): boolean {
  return group === 'admissionregistration.k8s.io' && exempt.has(resource);
}

/** The resource in the version that a webhook asked for; undefined when the write is none of its business. */
export function match(webhook: Webhook, attributes: Attributes): Resource | undefined {
  if (!selectsNamespace(webhook, attributes) || !selectsObject(webhook, attributes)) return undefined;
  const { resource, context } = attributes.call;
  if (webhook.rules.some((rule) => covers(rule, attributes, resource))) return resource;
  if (webhook.isExact) return undefined;
  const others = context.registry.all().filter((other) => other !== resource && other.table === resource.table);
  return others.find((other) => webhook.rules.some((rule) => covers(rule, attributes, other)));
}

function covers(rule: WebhookRule, attributes: Attributes, { group, version, resource }: Resource): boolean {
  return (
    isIn(rule.operations, attributes.operation) &&
    isIn(rule.groups, group) &&
    isIn(rule.versions, version) &&
    coversScope(rule.scope, attributes) &&
    rule.resources.some(
      (named) =>
        (named.resource === '*' || named.resource === resource) &&
        (named.subresource === '*' || named.subresource === attributes.subresource),
    )
  );
}

function isIn(wanted: readonly string[], value: string): boolean {
  return wanted.includes('*') || wanted.includes(value);
}

function coversScope(scope: string, { call, namespace }: Attributes): boolean {
  if (scope !== 'Namespaced' && scope !== 'Cluster') return true;
  const isNamespaced = namespace !== '' && call.resource.table !== '/namespaces';
  return isNamespaced === (scope === 'Namespaced');
}

function isEverything(selector: unknown): boolean {
  // Selectors come with their defaults: what has no requirement is `{}`, or has empty lists only.
  return Object.values(mapOf(selector)).every((part) => Object.keys(Object(part) as object).length === 0);
}

function selectsNamespace({ namespaceSelector }: Webhook, attributes: Attributes): boolean {
  if (isEverything(namespaceSelector) || attributes.namespace === '') return true;
  return selects(namespaceSelector, namespaceLabels(attributes));
}

function namespaceLabels({ call, operation, object, namespace, subresource }: Attributes): Readonly<Record<string, string>> {
  const isNamespaceWritten = call.resource.table === '/namespaces' && subresource === '' && operation !== 'DELETE';
  if (isNamespaceWritten) return object?.metadata.labels ?? {};
  const stored = call.context.store.table('/namespaces').objects.get(`/${namespace}`);
  if (stored === undefined) throw notFound({ group: '', resource: 'namespaces' }, namespace);
  return stored.object.metadata.labels ?? {};
}

function selectsObject({ objectSelector }: Webhook, { object, oldObject }: Attributes): boolean {
  if (isEverything(objectSelector)) return true;
  return [object, oldObject].some((one) => one !== undefined && selects(objectSelector, one.metadata.labels ?? {}));
}

/** Whether a webhook's conditions hold. One that is false decides, whatever the others could not say. */
export function holds(webhook: Webhook, attributes: Attributes, target: Resource): boolean {
  if (webhook.conditions.length === 0) return true;
  const { call, name, object, oldObject } = attributes;
  const variables = {
    object: inVersion(object, call.resource, target) ?? null,
    oldObject: inVersion(oldObject, call.resource, target) ?? null,
    request: admissionRequest(attributes, target),
  };
  const faults: string[] = [];
  for (const condition of webhook.conditions) {
    try {
      if (!condition.expression().evaluate(variables)) return false;
    } catch (error) {
      faults.push(errorMessage(error));
    }
  }
  if (faults.length === 0) return true;
  if (webhook.ignoresFailure) return false;
  throw forbidden(call.resource, name, faults.length === 1 ? faults[0]! : `[${faults.join(', ')}]`);
}
