/** A rule of a Role or ClusterRole. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

/** What a request wants to do, as authorization sees it. */
export interface Attributes {
  readonly verb: string;
  readonly resource?: ResourceAttributes;
  /** For requests that are not about a resource. */
  readonly path?: string;
}

export interface ResourceAttributes {
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

export function ruleAllows(rule: PolicyRule, { verb, resource, path }: Attributes): boolean {
  if (!has(rule.verbs, verb)) return false;
  if (resource === undefined) return (rule.nonResourceURLs ?? []).some((pattern) => urlMatches(pattern, path ?? ''));
  return (
    has(rule.apiGroups, resource.group) &&
    resourceMatches(rule.resources ?? [], resource) &&
    (rule.resourceNames === undefined || rule.resourceNames.length === 0 || rule.resourceNames.includes(resource.name))
  );
}

function has(list: readonly string[] | undefined, wanted: string): boolean {
  return list !== undefined && (list.includes('*') || list.includes(wanted));
}

function resourceMatches(rules: readonly string[], { resource, subresource }: ResourceAttributes): boolean {
  const full = subresource === '' ? resource : `${resource}/${subresource}`;
  return rules.some((rule) => rule === '*' || rule === full || (subresource !== '' && rule === `*/${subresource}`));
}

function urlMatches(pattern: string, path: string): boolean {
  return pattern === '*' || pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.replace(/\*+$/, '')));
}

/** The rules of `wanted` that `held` does not cover, one verb, group, resource and name at a time, put together again for a message. */
export function notCovered(wanted: readonly PolicyRule[], held: readonly PolicyRule[]): PolicyRule[] {
  return compact(wanted.flatMap(breakDown).filter((single) => !held.some((rule) => covers(rule, single))));
}

/** A rule of one verb, one group, one resource, and one name at most. */
function breakDown(rule: PolicyRule): PolicyRule[] {
  const singles: PolicyRule[] = [];
  for (const group of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      for (const verb of rule.verbs) {
        const single = { apiGroups: [group], resources: [resource], verbs: [verb] };
        if (rule.resourceNames === undefined || rule.resourceNames.length === 0) singles.push(single);
        else for (const name of rule.resourceNames) singles.push({ ...single, resourceNames: [name] });
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? []) for (const verb of rule.verbs) singles.push({ nonResourceURLs: [url], verbs: [verb] });
  return singles;
}

function covers(rule: PolicyRule, single: PolicyRule): boolean {
  if (!has(rule.verbs, single.verbs[0]!)) return false;
  const url = single.nonResourceURLs?.[0];
  if (url !== undefined) return (rule.nonResourceURLs ?? []).some((pattern) => urlMatches(pattern, url));
  if (!has(rule.apiGroups, single.apiGroups![0]!)) return false;
  const [resource = '', subresource = ''] = single.resources![0]!.split('/');
  const resources = rule.resources ?? [];
  if (!resourceMatches(resources, { group: '', resource, subresource, namespace: '', name: '' })) return false;
  const names = rule.resourceNames ?? [];
  return names.length === 0 || (single.resourceNames !== undefined && names.includes(single.resourceNames[0]!));
}

/** Joins rules that differ in their verbs only. */
function compact(rules: readonly PolicyRule[]): PolicyRule[] {
  const joined = new Map<string, { rule: PolicyRule; verbs: string[] }>();
  for (const rule of rules) {
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames, rule.nonResourceURLs]);
    const found = joined.get(key);
    if (found === undefined) joined.set(key, { rule, verbs: [...rule.verbs] });
    else if (!found.verbs.includes(rule.verbs[0]!)) found.verbs.push(rule.verbs[0]!);
  }
  return [...joined.values()].map(({ rule, verbs }) => ({ ...rule, verbs }));
}

/** A rule as messages show it: `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get" "list"]}`. */
export function ruleText(rule: PolicyRule): string {
  const parts: string[] = [];
  const add = (name: string, values: readonly string[] | undefined): void => {
    if (values !== undefined && values.length > 0) parts.push(`${name}:[${values.map((value) => JSON.stringify(value)).join(' ')}]`);
  };
  add('APIGroups', rule.apiGroups);
  add('Resources', rule.resources);
  add('ResourceNames', rule.resourceNames);
  add('NonResourceURLs', rule.nonResourceURLs);
  add('Verbs', rule.verbs);
  return `{${parts.join(', ')}}`;
}
