import type { KubeObject } from '@sluice/core';
import type { HttpResponse } from '@sluice/kube';
import { forbidden as forbiddenField, invalid as invalidField, type FieldError } from '@sluice/schema';
import { trackUpdate } from '../objects/index.js';
import { typeOf } from '../registry/types.js';
import { timestamp, type ResourceCall } from '../server/context.js';
import { renderObject } from '../server/render.js';
import { badRequest, invalid, methodNotAllowed } from '../server/status.js';
import { withNamespace } from '../verbs/create.js';
import { decodeBody } from '../verbs/decode.js';
import { readWriteOptions } from '../verbs/write-options.js';
import type { Attributes, PolicyRule } from './rbac-rules.js';
import { ISSUER } from './service-account-tokens.js';
import { authenticated, type UserInfo } from './user.js';

interface ReviewSpec {
  readonly resourceAttributes?: {
    readonly namespace?: string;
    readonly verb?: string;
    readonly group?: string;
    readonly version?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly name?: string;
  };
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string };
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** Resources that are questions: nothing is stored, the answer comes in the status. */
export async function review(call: ResourceCall): Promise<HttpResponse> {
  const options = readWriteOptions(call, 'CreateOptions');
  const { object, warnings } = decodeBody(call, call.resource, options.fieldValidation);
  call.warnings.push(...warnings);
  switch (call.resource.kind) {
    case 'SelfSubjectReview':
      return answer(call, {
        ...object,
        metadata: { creationTimestamp: timestamp(call.context.now()) },
        status: { userInfo: userInfo(call.user) },
      });
    case 'SelfSubjectRulesReview':
      return answer(call, rulesReview(call, object));
    case 'SelfSubjectAccessReview':
    case 'SubjectAccessReview':
    case 'LocalSubjectAccessReview':
      return answer(
        call,
        accessReview(call, tracked(call, call.resource.namespaced ? withNamespace(call, object) : object, options.manager)),
      );
    case 'TokenReview':
      return answer(call, tokenReview(call, tracked(call, object, options.manager)));
    default:
      throw methodNotAllowed();
  }
}

function answer(call: ResourceCall, object: object): HttpResponse {
  return renderObject(call, 201, object);
}

function tracked(call: ResourceCall, next: KubeObject, manager: string): KubeObject {
  const { type, versions } = typeOf(call.resource);
  return trackUpdate({ live: undefined, next, manager, type, versions, now: timestamp(call.context.now()) });
}

function userInfo({ name, uid, groups, extra }: UserInfo): object {
  return { username: name, ...(uid === undefined ? {} : { uid }), groups, ...(extra === undefined ? {} : { extra }) };
}

function accessReview({ context, resource, user, path }: ResourceCall, object: KubeObject): object {
  const spec = (object['spec'] ?? {}) as ReviewSpec;
  const isSelf = resource.kind === 'SelfSubjectAccessReview';
  const faults: FieldError[] = [];
  const { name: _, namespace: __, managedFields: ___, ...otherMetadata } = object.metadata;
  const isEmptyMetadata =
    object.metadata.name === undefined &&
    Object.keys(otherMetadata).length === 0 &&
    (object.metadata.namespace === undefined || resource.namespaced);
  if (spec.resourceAttributes !== undefined && spec.nonResourceAttributes !== undefined) {
    const { path: url = '', verb = '' } = spec.nonResourceAttributes;
    faults.push(
      invalidField('spec.nonResourceAttributes', { Path: url, Verb: verb }, 'cannot be specified in combination with resourceAttributes'),
    );
  }
  if (spec.resourceAttributes === undefined && spec.nonResourceAttributes === undefined) {
    faults.push(
      invalidField('spec.resourceAttributes', null, 'exactly one of nonResourceAttributes or resourceAttributes must be specified'),
    );
  }
  if (!isSelf && (spec.user ?? '') === '' && (spec.groups ?? []).length === 0) {
    faults.push(invalidField('spec.user', '', 'at least one of user or group must be specified'));
  }
  if (!isEmptyMetadata) faults.unshift(invalidField('metadata', object.metadata, 'must be empty'));
  if (resource.namespaced) {
    if (spec.resourceAttributes === undefined && spec.nonResourceAttributes !== undefined) {
      faults.push(forbiddenField('spec.nonResourceAttributes', 'disallowed on this kind of request'));
    } else if (spec.resourceAttributes !== undefined && spec.resourceAttributes.namespace !== path.namespace) {
      faults.push(
        invalidField('spec.resourceAttributes.namespace', spec.resourceAttributes.namespace ?? '', 'must match metadata.namespace'),
      );
    }
  }
  if (faults.length > 0) throw reviewInvalid(faults);
  const subject: UserInfo = isSelf
    ? user
    : {
        name: spec.user ?? '',
        groups: spec.groups ?? [],
        ...(spec.uid === undefined ? {} : { uid: spec.uid }),
        ...(spec.extra === undefined ? {} : { extra: spec.extra }),
      };
  const { allowed, reason } = context.rbac.authorize(subject, attributesOf(spec));
  return { ...object, status: { allowed, ...(reason === '' ? {} : { reason }) } };
}

/** These Statuses name no kind. */
function reviewInvalid(faults: readonly FieldError[]): Error {
  const error = invalid({ group: 'authorization.k8s.io', kind: '' }, '', faults);
  const { kind: _, ...details } = error.details ?? {};
  return Object.assign(error, { details });
}

function attributesOf({ resourceAttributes, nonResourceAttributes }: ReviewSpec): Attributes {
  if (resourceAttributes === undefined) return { verb: nonResourceAttributes?.verb ?? '', path: nonResourceAttributes?.path ?? '' };
  const { verb = '', group = '', resource = '', subresource = '', namespace = '', name = '' } = resourceAttributes;
  return { verb, resource: { group, resource, subresource, namespace, name } };
}

function rulesReview({ context, user }: ResourceCall, object: KubeObject): object {
  const namespace = (object['spec'] as { namespace?: string } | undefined)?.namespace ?? '';
  if (namespace === '') throw badRequest('no namespace on request');
  const rules = context.rbac.rulesOf(user, namespace);
  const { apiVersion, kind } = object;
  return {
    kind,
    apiVersion,
    metadata: {},
    spec: {},
    status: {
      resourceRules: rules.filter(({ resources }) => (resources ?? []).length > 0).map(resourceRule),
      nonResourceRules: rules
        .filter(({ nonResourceURLs }) => (nonResourceURLs ?? []).length > 0)
        .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
      incomplete: false,
    },
  };
}

function resourceRule({ verbs, apiGroups, resources, resourceNames }: PolicyRule): object {
  return { verbs, apiGroups, resources, ...(resourceNames === undefined || resourceNames.length === 0 ? {} : { resourceNames }) };
}

function tokenReview({ context }: ResourceCall, object: KubeObject): object {
  const { token = '', audiences = [] } = (object['spec'] ?? {}) as { token?: string; audiences?: readonly string[] };
  if (token === '') throw badRequest('token is required for TokenReview in authentication');
  const wanted = audiences.length === 0 ? [ISSUER] : audiences;
  const user = context.authenticator.userOfToken(token, wanted);
  if (user === undefined) return { ...object, status: { user: {}, error: 'invalid bearer token' } };
  return {
    ...object,
    status: { authenticated: true, user: userInfo(authenticated(user)), audiences: wanted.filter((audience) => audience === ISSUER) },
  };
}
