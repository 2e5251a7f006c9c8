import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notCovered, ruleAllows, ruleText, type Attributes, type PolicyRule } from './rbac-rules.js';

function on(verb: string, resource: string, parts: { group?: string; name?: string; subresource?: string } = {}): Attributes {
  const { group = '', name = '', subresource = '' } = parts;
  return { verb, resource: { group, resource, subresource, namespace: 'n', name } };
}

const pods: PolicyRule = { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] };

const cases: readonly (readonly [what: string, rule: PolicyRule, attributes: Attributes, allowed: boolean])[] = [
  ['its verb and resource', pods, on('get', 'pods'), true],
  ['another verb', pods, on('delete', 'pods'), false],
  ['another group', pods, on('get', 'pods', { group: 'apps' }), false],
  ['a subresource', pods, on('get', 'pods', { subresource: 'log' }), false],
  ['a subresource by name', { ...pods, resources: ['pods/log'] }, on('get', 'pods', { subresource: 'log' }), true],
  ['a subresource of anything', { ...pods, resources: ['*/scale'] }, on('get', 'deployments', { subresource: 'scale' }), true],
  ['anything', { verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, on('patch', 'x', { group: 'y', subresource: 'z' }), true],
  ['a name', { ...pods, resourceNames: ['a'] }, on('get', 'pods', { name: 'a' }), true],
  ['another name', { ...pods, resourceNames: ['a'] }, on('get', 'pods', { name: 'b' }), false],
  ['all of a kind, by names', { ...pods, resourceNames: ['a'] }, on('list', 'pods'), false],
  ['a path', { verbs: ['get'], nonResourceURLs: ['/metrics'] }, { verb: 'get', path: '/metrics' }, true],
  ['paths below', { verbs: ['get'], nonResourceURLs: ['/debug/*'] }, { verb: 'get', path: '/debug/x' }, true],
  ['another path', { verbs: ['get'], nonResourceURLs: ['/metrics'] }, { verb: 'get', path: '/metric' }, false],
  ['a path, by a rule for resources', { verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, { verb: 'get', path: '/metrics' }, false],
];

for (const [what, rule, attributes, allowed] of cases) {
  test(`a rule ${allowed ? 'allows' : 'does not allow'} ${what}`, () => assert.equal(ruleAllows(rule, attributes), allowed));
}

test('what nobody may grant is named, and only that', () => {
  const wanted: PolicyRule[] = [
    { verbs: ['get', 'list'], apiGroups: [''], resources: ['secrets', 'pods'] },
    { verbs: ['*'], apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['x'] },
  ];
  assert.deepEqual(notCovered(wanted, [pods]).map(ruleText), [
    '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}',
    '{APIGroups:["apps"], Resources:["deployments"], ResourceNames:["x"], Verbs:["*"]}',
  ]);
  assert.deepEqual(notCovered(wanted, [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }]), []);
});
