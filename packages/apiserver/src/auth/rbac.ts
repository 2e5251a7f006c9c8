import type { KubeObject } from '@sluice/core';
import type { Collection } from '../store/collection.js';
import type { Store } from '../store/store.js';
import { ruleAllows, type Attributes, type PolicyRule } from './rbac-rules.js';
import { splitServiceAccount, type UserInfo } from './user.js';

export interface Decision {
  readonly allowed: boolean;
  readonly reason: string;
}

export interface RoleRef {
  readonly apiGroup?: string;
  readonly kind: string;
  readonly name: string;
}

interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/** One subject of one binding: what it may use, and how a reason names it. */
interface Grant {
  /** Empty for cluster-wide bindings. */
  readonly namespace: string;
  readonly roleRef: RoleRef;
  readonly reason: string;
}

const SUPERUSERS = 'system:masters';
const allRules: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/** Role-based access control over the roles and bindings in the store. */
export class Rbac {
  readonly #roles: Collection;
  readonly #clusterRoles: Collection;
  readonly #bindings: Collection;
  readonly #clusterBindings: Collection;
  /** Grants by `User/…`, `Group/…`; built again when a binding changed. */
  #grants = new Map<string, Grant[]>();
  #builtFor = '';

  constructor(store: Store) {
    const collection = (resource: string): Collection => store.table(`rbac.authorization.k8s.io/${resource}`).objects;
    this.#roles = collection('roles');
    this.#clusterRoles = collection('clusterroles');
    this.#bindings = collection('rolebindings');
    this.#clusterBindings = collection('clusterrolebindings');
  }

  authorize(user: UserInfo, attributes: Attributes): Decision {
    if (user.groups.includes(SUPERUSERS)) return { allowed: true, reason: '' };
    for (const grant of this.#grantsOf(user, attributes.resource?.namespace ?? '')) {
      if (this.#rules(grant).some((rule) => ruleAllows(rule, attributes)))
        return { allowed: true, reason: `RBAC: allowed by ${grant.reason}` };
    }
    return { allowed: false, reason: '' };
  }

  /** Everything that a user may do in a namespace; what is granted cluster-wide alone when the namespace is empty. */
  rulesOf(user: UserInfo, namespace: string): readonly PolicyRule[] {
    const rules = [...this.#grantsOf(user, namespace)].flatMap((grant) => this.#rules(grant));
    return user.groups.includes(SUPERUSERS) && rules.length === 0 ? allRules : rules;
  }

  /** Everything that a user may grant: superusers anything, whatever the bindings say. */
  grantableBy(user: UserInfo, namespace: string): readonly PolicyRule[] {
    return user.groups.includes(SUPERUSERS) ? allRules : this.rulesOf(user, namespace);
  }

  /** The rules behind a reference; undefined when the role is not there. */
  rulesOfRole(roleRef: RoleRef, namespace: string): readonly PolicyRule[] | undefined {
    const role =
      roleRef.kind === 'ClusterRole' ? this.#clusterRoles.get(`/${roleRef.name}`) : this.#roles.get(`${namespace}/${roleRef.name}`);
    return role === undefined ? undefined : ((role.object['rules'] ?? []) as readonly PolicyRule[]);
  }

  #rules({ roleRef, namespace }: Grant): readonly PolicyRule[] {
    return this.rulesOfRole(roleRef, namespace) ?? [];
  }

  *#grantsOf(user: UserInfo, namespace: string): Generator<Grant> {
    this.#refresh();
    const subjects = [`User/${user.name}`, ...user.groups.map((group) => `Group/${group}`)];
    for (const scope of namespace === '' ? [''] : ['', namespace]) {
      for (const subject of subjects) {
        for (const grant of this.#grants.get(subject) ?? []) if (grant.namespace === scope) yield grant;
      }
    }
  }

  #refresh(): void {
    const state = `${this.#bindings.changes} ${this.#clusterBindings.changes}`;
    if (state === this.#builtFor) return;
    this.#builtFor = state;
    this.#grants = new Map();
    for (const { object } of this.#clusterBindings.list()) this.#addGrants(object, '');
    for (const { object } of this.#bindings.list()) this.#addGrants(object, object.metadata.namespace ?? '');
  }

  #addGrants(binding: KubeObject, namespace: string): void {
    const roleRef = binding['roleRef'] as RoleRef;
    const name = namespace === '' ? binding.metadata.name : `${binding.metadata.name}/${namespace}`;
    for (const subject of (binding['subjects'] ?? []) as readonly Subject[]) {
      const user = subject.kind === 'ServiceAccount' ? `system:serviceaccount:${subject.namespace ?? ''}:${subject.name}` : subject.name;
      const shown = subject.kind === 'ServiceAccount' ? `${subject.name}/${splitServiceAccount(user)?.namespace ?? ''}` : subject.name;
      const key = `${subject.kind === 'Group' ? 'Group' : 'User'}/${user}`;
      const reason = `${binding.kind} ${JSON.stringify(name)} of ${roleRef.kind} ${JSON.stringify(roleRef.name)} to ${subject.kind} ${JSON.stringify(shown)}`;
      const grants = this.#grants.get(key);
      if (grants === undefined) this.#grants.set(key, [{ namespace, roleRef, reason }]);
      else grants.push({ namespace, roleRef, reason });
    }
  }
}
