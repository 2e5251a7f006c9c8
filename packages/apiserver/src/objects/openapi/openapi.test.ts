import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isJsonObject } from '@sluice/core';
import { builtinKinds, builtinType, encodeOpenApi, openApiV2, openApiV3 } from '../index.js';

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const deployments = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  resource: 'deployments',
  namespaced: true,
  verbs,
  subresources: ['status', 'scale'],
};
const widgets = {
  group: 'example.com',
  version: 'v1',
  kind: 'Widget',
  resource: 'widgets',
  namespaced: false,
  verbs,
  subresources: [],
  schema: { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } } },
};

for (const [name, document, prefix] of [
  ['OpenAPI', openApiV3([deployments, widgets]), '#/components/schemas/'],
  ['Swagger', openApiV2([deployments, widgets]), '#/definitions/'],
] as const) {
  test(`${name}: every reference leads somewhere`, () => {
    const components = isJsonObject(document['components']) ? document['components']['schemas'] : document['definitions'];
    const schemas = components as Record<string, unknown>;
    const missing = new Set<string>();
    const walk = (value: unknown): void => {
      if (Array.isArray(value)) value.forEach(walk);
      else if (isJsonObject(value)) {
        const target = value['$ref'];
        if (typeof target === 'string' && schemas[target.slice(prefix.length)] === undefined) missing.add(target);
        Object.values(value).forEach(walk);
      }
    };
    walk(document);
    assert.deepEqual([...missing], []);
    assert.ok(schemas['io.k8s.api.core.v1.PodSpec'] !== undefined && schemas['com.example.v1.WidgetList'] !== undefined);
    assert.ok(encodeOpenApi(document).length > 10_000);
  });
}

test('all built-in kinds have a type that can be built', () => {
  let count = 0;
  for (const { group, version, kind } of builtinKinds()) {
    assert.ok(builtinType(group === '' ? version : `${group}/${version}`, kind) !== undefined, kind);
    count++;
  }
  assert.ok(count > 100);
});
