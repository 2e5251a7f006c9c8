import { isJsonObject, type KubeObject } from '@sluice/core';

/** Fills in what the API server does when it decodes a CustomResourceDefinition. */
export function definitionDefaults(object: KubeObject): KubeObject {
  if (object.kind !== 'CustomResourceDefinition' || object.apiVersion !== 'apiextensions.k8s.io/v1') return object;
  const { spec } = object;
  if (!isJsonObject(spec)) return object;
  const names = isJsonObject(spec['names']) ? spec['names'] : {};
  const kind = typeof names['kind'] === 'string' ? names['kind'] : '';
  return {
    ...object,
    spec: {
      ...spec,
      names: {
        ...names,
        ...(isEmpty(names['singular']) && kind !== '' ? { singular: kind.toLowerCase() } : {}),
        ...(isEmpty(names['listKind']) && kind !== '' ? { listKind: `${kind}List` } : {}),
      },
      conversion: isJsonObject(spec['conversion']) ? spec['conversion'] : { strategy: 'None' },
    },
  };
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}
