import { isJsonObject, type KubeObject } from '@sluice/core';
import type { Resource } from '../registry/resource.js';
import { StatusError } from '../server/status.js';
import { inVersion, type Attributes } from './attributes.js';

const optionsKinds = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions', CONNECT: '' } as const;

/** What webhooks and their conditions learn of a write, but for the objects. */
export function admissionRequest(attributes: Attributes, target: Resource): Record<string, unknown> {
  const { call, operation, subresource, name, namespace, dryRun } = attributes;
  const { resource, user, info } = call;
  const manager = info.query.get('fieldManager');
  const optionsKind = optionsKinds[operation];
  return {
    kind: kindOf(attributes, target),
    resource: { group: target.group, version: target.version, resource: target.resource },
    ...(subresource === '' ? {} : { subResource: subresource, requestSubResource: subresource }),
    requestKind: kindOf(attributes, resource),
    requestResource: { group: resource.group, version: resource.version, resource: resource.resource },
    ...(name === '' ? {} : { name }),
    ...(namespace === '' ? {} : { namespace }),
    operation,
    userInfo: {
      username: user.name,
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      groups: user.groups,
      ...(user.extra === undefined ? {} : { extra: user.extra }),
    },
    dryRun,
    options:
      optionsKind === ''
        ? null
        : {
            kind: optionsKind,
            apiVersion: 'meta.k8s.io/v1',
            ...(dryRun ? { dryRun: ['All'] } : {}),
            ...(manager === null || manager === '' ? {} : { fieldManager: manager }),
          },
  };
}

function kindOf({ object, oldObject }: Attributes, resource: Resource): object {
  const shown: KubeObject | undefined = object ?? oldObject;
  if (shown === undefined || shown.kind === resource.kind) return { group: resource.group, version: resource.version, kind: resource.kind };
  const slash = shown.apiVersion.indexOf('/');
  return { group: shown.apiVersion.slice(0, Math.max(slash, 0)), version: shown.apiVersion.slice(slash + 1), kind: shown.kind };
}

/** The body of a call. */
export function reviewText(uid: string, version: string, attributes: Attributes, target: Resource): string {
  const { call, object, oldObject } = attributes;
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: `admission.k8s.io/${version}`,
    request: {
      uid,
      ...admissionRequest(attributes, target),
      object: inVersion(object, call.resource, target) ?? null,
      oldObject: inVersion(oldObject, call.resource, target) ?? null,
    },
  });
}

export interface Verdict {
  readonly allowed: boolean;
  /** A JSON patch, not yet decoded. */
  readonly patch: string;
  readonly patchType: string;
  readonly warnings: readonly string[];
  readonly status: Readonly<Record<string, unknown>>;
}

/** What a webhook answered; throws an Error in the words of the API server for what is no answer. */
export function readVerdict(text: string, uid: string, version: string, isMutating: boolean): Verdict {
  const review = parse(text);
  const { response } = review;
  if (!isJsonObject(response)) throw new Error('webhook response was absent');
  const given = { uid: textOr(response['uid']), patch: textOr(response['patch']), patchType: response['patchType'] ?? undefined };
  if (version === 'v1') {
    if (given.uid !== uid) throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(given.uid)}`);
    const { apiVersion, kind } = review;
    if (apiVersion !== 'admission.k8s.io/v1' || kind !== 'AdmissionReview') {
      throw new Error(
        `expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${textOr(apiVersion)}, Kind=${textOr(kind)}`,
      );
    }
    checkPatch(given.patch, given.patchType, isMutating);
  }
  return {
    allowed: response['allowed'] === true,
    patch: isMutating ? given.patch : '',
    patchType: version === 'v1' ? textOr(given.patchType) : 'JSONPatch',
    warnings: Array.isArray(response['warnings']) ? response['warnings'].filter((warning) => typeof warning === 'string') : [],
    status: isJsonObject(response['status']) ? response['status'] : {},
  };
}

function checkPatch(patch: string, patchType: unknown, isMutating: boolean): void {
  if (!isMutating) {
    if (patch !== '') throw new Error('validating webhook may not return response.patch');
    if (patchType !== undefined) throw new Error('validating webhook may not return response.patchType');
    return;
  }
  if (patch !== '' && patchType === undefined) throw new Error('webhook returned response.patch but not response.patchType');
  if (patch === '' && patchType !== undefined) throw new Error('webhook returned response.patchType but not response.patch');
  if (patchType === '') throw new Error('webhook returned invalid response.patchType of ""');
}

function parse(text: string): Record<string, unknown> {
  let review: unknown;
  try {
    review = JSON.parse(text);
  } catch (error) {
    throw new Error(`couldn't get version/kind; json parse error: ${(error as Error).message}`, { cause: error });
  }
  if (!isJsonObject(review)) throw new Error("couldn't get version/kind; json parse error: the answer is no object");
  return review;
}

function textOr(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The Status of a write that a webhook does not want. */
export function denial(name: string, { status }: Verdict): StatusError {
  const { code, reason, message, details } = status;
  const denied = `admission webhook ${JSON.stringify(name)} denied the request`;
  const why = textOr(message) || textOr(reason);
  return new StatusError(
    typeof code === 'number' && Number.isInteger(code) && code >= 400 && code < 600 ? code : 400,
    textOr(reason),
    why === '' ? `${denied} without explanation` : `${denied}: ${why}`,
    isJsonObject(details) ? details : undefined,
  );
}
