import { setOwn } from '@sluice/core';
import { headerOf, headersOf, type HttpHeaders } from '@sluice/kube';
import { authorize } from './authorize.js';
import type { Rbac } from './rbac.js';
import { anonymous, authenticated, serviceAccountGroups, splitServiceAccount, type UserInfo } from './user.js';

const EXTRA = 'impersonate-extra-';

/** A user's parts were asked for, but no user: the one answer that is plain text. */
export class ImpersonationWithoutUser extends Error {
  override readonly name = 'ImpersonationWithoutUser';
}

/** Whom the request is to be served as: what the Impersonate headers say, when the user may do that. */
export function impersonate(rbac: Rbac, user: UserInfo, headers: HttpHeaders): UserInfo {
  if (!asksForIt(headers)) return user;
  const name = headerOf(headers, 'impersonate-user');
  const groups = headersOf(headers, 'impersonate-group');
  const uid = headerOf(headers, 'impersonate-uid');
  const extra = readExtra(headers);
  if (name === undefined || name === '') {
    const parts = [
      ...groups.map((group) => `{Group  ${group}    }`),
      ...Object.entries(extra).flatMap(([key, values]) => values.map((value) => `{UserExtra  ${value}  authentication.k8s.io/v1 ${key} }`)),
      ...(uid === undefined ? [] : [`{UID  ${uid}  authentication.k8s.io/v1  }`]),
    ];
    if (parts.length === 0) return user;
    throw new ImpersonationWithoutUser(`requested [${parts.join(' ')}] without impersonating a user`);
  }
  const account = splitServiceAccount(name);
  const check = (group: string, resource: string, object: string, namespace = '', subresource = ''): void =>
    authorize(rbac, user, { verb: 'impersonate', resource: { group, resource, subresource, namespace, name: object } });
  if (account !== undefined) check('', 'serviceaccounts', account.name, account.namespace);
  else check('', 'users', name);
  for (const group of groups) check('', 'groups', group);
  for (const [key, values] of Object.entries(extra))
    for (const value of values) check('authentication.k8s.io', 'userextras', value, '', key);
  if (uid !== undefined) check('authentication.k8s.io', 'uids', uid);
  const all = groups.length > 0 ? groups : account === undefined ? [] : serviceAccountGroups(account.namespace);
  const impersonated: UserInfo = {
    name,
    groups: all,
    ...(uid === undefined ? {} : { uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
  if (name !== anonymous.name) return authenticated(impersonated);
  return { ...impersonated, groups: [...new Set([...all, ...anonymous.groups])] };
}

function asksForIt(headers: HttpHeaders): boolean {
  for (const name in headers) if (name.startsWith('impersonate-')) return true;
  return false;
}

function readExtra(headers: HttpHeaders): Record<string, readonly string[]> {
  const extra: Record<string, readonly string[]> = {};
  for (const name of Object.keys(headers)) {
    if (name.startsWith(EXTRA)) setOwn(extra, decode(name.slice(EXTRA.length)), headersOf(headers, name));
  }
  return extra;
}

function decode(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
