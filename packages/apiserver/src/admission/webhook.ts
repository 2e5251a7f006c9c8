import { compileExpression, type Expression } from '@sluice/cel';
import { fieldsOf, itemsOf, numberOf, stringsOf, textOf, type Fields } from '../kinds/index.js';
import type { Collection } from '../store/collection.js';

export interface WebhookRule {
  readonly operations: readonly string[];
  readonly groups: readonly string[];
  readonly versions: readonly string[];
  /** `pods`, `pods/status`, each with its subresource apart. */
  readonly resources: readonly { readonly resource: string; readonly subresource: string }[];
  readonly scope: string;
}

export type WebhookTarget =
  | { readonly url: string; readonly caBundle: string }
  | { readonly service: { readonly namespace: string; readonly name: string; readonly port: number; readonly path: string } };

/** One webhook of a configuration, with its defaults. */
export interface Webhook {
  readonly name: string;
  readonly target: WebhookTarget;
  readonly rules: readonly WebhookRule[];
  readonly namespaceSelector: unknown;
  readonly objectSelector: unknown;
  readonly conditions: readonly MatchCondition[];
  readonly isExact: boolean;
  readonly ignoresFailure: boolean;
  readonly hasSideEffects: boolean;
  readonly isReinvoked: boolean;
  readonly timeoutSeconds: number;
  readonly reviewVersions: readonly string[];
}

export interface MatchCondition {
  readonly name: string;
  /** Compiled when it is first asked; throws a SluiceError when it cannot be. */
  readonly expression: () => Expression<boolean>;
}

/** What the names in conditions stand for. There is no `authorizer`. */
const CONDITION_VARIABLES = ['object', 'oldObject', 'request'] as const;

/** The webhooks of all configurations of one kind, in the order in which they are called; read again when one changed. */
export class Webhooks {
  readonly #configurations: Collection;
  #changes = -1;
  #webhooks: readonly Webhook[] = [];

  constructor(configurations: Collection) {
    this.#configurations = configurations;
  }

  get areThere(): boolean {
    return this.#configurations.size > 0;
  }

  all(): readonly Webhook[] {
    if (this.#changes !== this.#configurations.changes) {
      this.#changes = this.#configurations.changes;
      // Collections are in the order of their names.
      this.#webhooks = this.#configurations.list().flatMap(({ object }) => itemsOf(object['webhooks']).map(readWebhook));
    }
    return this.#webhooks;
  }
}

function readWebhook(webhook: Fields): Webhook {
  const effects = textOf(webhook['sideEffects']);
  return {
    name: textOf(webhook['name']),
    target: readTarget(fieldsOf(webhook['clientConfig'])),
    rules: itemsOf(webhook['rules']).map(readRule),
    namespaceSelector: webhook['namespaceSelector'] ?? {},
    objectSelector: webhook['objectSelector'] ?? {},
    conditions: itemsOf(webhook['matchConditions']).map(readCondition),
    isExact: webhook['matchPolicy'] === 'Exact',
    ignoresFailure: webhook['failurePolicy'] === 'Ignore',
    hasSideEffects: effects !== 'None' && effects !== 'NoneOnDryRun',
    isReinvoked: webhook['reinvocationPolicy'] === 'IfNeeded',
    timeoutSeconds: numberOf(webhook['timeoutSeconds']) || 10,
    reviewVersions: stringsOf(webhook['admissionReviewVersions']),
  };
}

function readTarget(client: Fields): WebhookTarget {
  const url = textOf(client['url']);
  if (url !== '') return { url, caBundle: textOf(client['caBundle']) };
  const service = fieldsOf(client['service']);
  return {
    service: {
      namespace: textOf(service['namespace']),
      name: textOf(service['name']),
      port: numberOf(service['port']) || 443,
      path: textOf(service['path']),
    },
  };
}

function readRule(rule: Fields): WebhookRule {
  return {
    operations: stringsOf(rule['operations']),
    groups: stringsOf(rule['apiGroups']),
    versions: stringsOf(rule['apiVersions']),
    resources: stringsOf(rule['resources']).map((text) => {
      const [resource = '', subresource = ''] = text.split('/', 2);
      return { resource, subresource };
    }),
    scope: textOf(rule['scope']),
  };
}

function readCondition(condition: Fields): MatchCondition {
  let compiled: Expression<boolean> | undefined;
  return {
    name: textOf(condition['name']),
    expression: () =>
      (compiled ??= compileExpression(textOf(condition['expression']), {
        variables: CONDITION_VARIABLES,
        result: 'bool',
        costLimit: CONDITION_COST_LIMIT,
      })),
  };
}

/** What a real server lets one condition cost. */
const CONDITION_COST_LIMIT = 1_000_000;
