import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRequest } from './request-info.js';

const cases: readonly (readonly [method: string, target: string, seen: string])[] = [
  ['GET', '/api/v1/namespaces/n/pods', 'list v1 pods in n'],
  ['GET', '/api/v1/namespaces/n/pods/', 'list v1 pods in n'],
  ['GET', '/api/v1/namespaces/n/pods?watch', 'watch v1 pods in n'],
  ['GET', '/api/v1/namespaces/n/pods?watch=0', 'list v1 pods in n'],
  ['GET', '/api/v1/namespaces/n/pods/p?watch=true', 'get v1 pods in n p'],
  ['GET', '/api/v1/namespaces/n/pods/p/log', 'get v1 pods in n p/log'],
  ['GET', '/api/v1/namespaces/n', 'get v1 namespaces in n n'],
  ['PUT', '/api/v1/namespaces/n/finalize', 'update v1 namespaces in n n/finalize'],
  ['DELETE', '/apis/apps/v1/namespaces/n/deployments', 'deletecollection apps/v1 deployments in n'],
  ['PATCH', '/apis/apps/v1/namespaces/n/deployments/d%2Ex', 'patch apps/v1 deployments in n d.x'],
  ['GET', '/apis/apps/v1/deployments', 'list apps/v1 deployments in '],
  ['GET', '/apis/apps/v1', 'get /apis/apps/v1'],
  ['GET', '/healthz', 'get /healthz'],
];

for (const [method, target, seen] of cases) {
  test(`${method} ${target}`, () => {
    const { verb, path, resource } = readRequest(method, target)!;
    if (resource === undefined) {
      assert.equal(`${verb} ${path}`, seen);
      return;
    }
    const { group, version, namespace, name, subresource } = resource;
    const object = name === '' ? '' : ` ${name}${subresource === '' ? '' : `/${subresource}`}`;
    assert.equal(`${verb} ${group === '' ? '' : `${group}/`}${version} ${resource.resource} in ${namespace}${object}`, seen);
  });
}

for (const target of ['/api/v1/namespaces//pods', '/api/v1/namespaces/n/pods/%2F', '/api/v1/namespaces/n/pods/%ff']) {
  test(`${target} is no path`, () => assert.equal(readRequest('GET', target), undefined));
}
