import { compileExpression } from '@sluice/cel';
import { errorMessage, SluiceError, type KubeObject } from '@sluice/core';
import type { ReceiverResource, ReceiverSpec, WebhookContent, WebhookRequest } from './webhook.js';

/** Whether a webhook is about an object that it may trigger. Throws when the expression has no value for them. */
export type ResourceFilter = (object: KubeObject) => boolean;

/**
 * A filter for each of the resources of a Receiver: the one for all of them, and its own.
 *
 * @throws {SluiceError} `CelInvalid` when one does not compile; `WebhookRefused` when the body is not the JSON it says
 */
export function resourceFilters(spec: ReceiverSpec, request: WebhookRequest, content: WebhookContent): ResourceFilter[] {
  const common = spec.resourceFilter ?? '';
  const expressions = spec.resources.map(({ filter = '' }) => [common, filter].filter((text) => text !== ''));
  if (expressions.every((texts) => texts.length === 0)) return spec.resources.map(() => () => true);
  const { claims } = content;
  const variables = ['res', 'req', ...(claims === undefined ? [] : ['claims'])];
  const values = { req: jsonBody(request, content), ...(claims === undefined ? {} : { claims }) };
  const compile = (text: string): ResourceFilter => {
    const expression = compileExpression(text, { variables, result: 'bool' });
    return (object) => expression.evaluate({ ...values, res: metadataObject(object) });
  };
  return expressions.map((texts) => {
    const filters = texts.map(compile);
    return (object) => filters.every((accepts) => accepts(object));
  });
}

/** Filters see who an object is, not what is in it. */
function metadataObject({ apiVersion, kind, metadata }: KubeObject): object {
  return { apiVersion, kind, metadata };
}

/** The body where its type says that it is JSON, and nothing otherwise. */
function jsonBody(request: WebhookRequest, { body }: WebhookContent): unknown {
  const types = (request.headers['content-type'] ?? '').split(',').map((type) => (type.split(';', 1)[0] ?? '').trim().toLowerCase());
  if (!types.includes('application/json')) return {};
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    if (typeof value === 'object' && !Array.isArray(value)) return value ?? {};
  } catch (error) {
    throw new SluiceError('WebhookRefused', `failed to parse request body as JSON: ${errorMessage(error)}`);
  }
  throw new SluiceError('WebhookRefused', 'failed to parse request body as JSON: it is not an object');
}

/** The versions of the kinds that a Receiver may name without one. */
const defaultVersions: Readonly<Record<string, string>> = {
  Bucket: 'source.toolkit.fluxcd.io/v1',
  HelmChart: 'source.toolkit.fluxcd.io/v1',
  HelmRepository: 'source.toolkit.fluxcd.io/v1',
  GitRepository: 'source.toolkit.fluxcd.io/v1',
  OCIRepository: 'source.toolkit.fluxcd.io/v1',
  ImageRepository: 'image.toolkit.fluxcd.io/v1',
  ArtifactGenerator: 'source.extensions.fluxcd.io/v1beta1',
};

/** The objects that a resource of a Receiver stands for: one by its name, or all with some labels. */
export interface ResourceTarget {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string | undefined;
  readonly matchLabels: Readonly<Record<string, string>>;
}

/**
 * @param namespace of the Receiver
 * @throws {SluiceError} `WebhookRefused`
 */
export function resourceTarget(
  resource: ReceiverResource,
  namespace: string,
  options: { readonly noCrossNamespace: boolean },
): ResourceTarget {
  const { kind, name, matchLabels } = resource;
  if (options.noCrossNamespace && resource.namespace !== undefined && resource.namespace !== namespace) {
    throw new SluiceError('WebhookRefused', 'cross-namespace references are not allowed');
  }
  const apiVersion = resource.apiVersion ?? (Object.hasOwn(defaultVersions, kind) ? defaultVersions[kind] : undefined);
  if (apiVersion === undefined || apiVersion === '') {
    throw new SluiceError('WebhookRefused', `apiVersion must be specified for kind ${JSON.stringify(kind)}`);
  }
  if (name === '*' && matchLabels === undefined) {
    throw new SluiceError('WebhookRefused', "matchLabels field not set when using wildcard '*' as name");
  }
  return {
    apiVersion,
    kind,
    namespace: resource.namespace ?? namespace,
    name: name === '*' ? undefined : name,
    matchLabels: matchLabels ?? {},
  };
}
