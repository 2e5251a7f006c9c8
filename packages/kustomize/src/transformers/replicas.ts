import { SluiceError } from '@sluice/core';
import type { FieldSpec } from '../config/field-spec.js';
import type { Replica } from '../kustomization/kustomization.js';
import { expectKind } from '../node/expect-kind.js';
import { Scalar, isNull, replaceScalar } from '../node/node.js';
import { gvkText, isSelectedBy } from '../resource/gvk.js';
import type { Resource } from '../resource/resource.js';
import { changeField } from './field-path.js';
import type { Transformer } from './transformer.js';

/** Sets the replica count of the workloads of a name, the present one or an earlier one. */
export function replicasTransformer({ name = '', count = 0 }: Replica, specs: readonly FieldSpec[]): Transformer {
  const value = new Scalar(String(count), '!!int', false);
  return {
    transform(resources) {
      let found = false;
      for (const spec of specs) {
        for (const resource of resources.items) {
          if (!hadName(resource, name, spec)) continue;
          found = true;
          if (!isSelectedBy(resource.gvk, spec)) continue;
          changeField(resource, spec, {
            createKind: 'scalar',
            set(node) {
              if (!isNull(node)) expectKind(node, 'scalar');
              return replaceScalar(node, value);
            },
          });
        }
      }
      if (!found) {
        const kinds = specs.map(gvkText).join(' ');
        throw new SluiceError(
          'PatchTargetNotFound',
          `resource with name ${name} does not match a config with the following GVK [${kinds}]`,
        );
      }
    },
  };
}

function hadName(resource: Resource, name: string, spec: FieldSpec): boolean {
  const { gvk } = resource;
  if (resource.name === name && isSelectedBy(gvk, spec)) return true;
  return resource.previousIds.some((id) => id.name === name && isSelectedBy(id.kind === gvk.kind ? gvk : { ...gvk, kind: id.kind }, spec));
}
