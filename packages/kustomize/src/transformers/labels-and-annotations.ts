import type { FieldSpec } from '../config/field-spec.js';
import { expectKind } from '../node/expect-kind.js';
import { isNull, setField, stringScalar, type Mapping } from '../node/node.js';
import { compareText } from '../resource/gvk.js';
import { changeFields } from './field-path.js';
import type { Transformer } from './transformer.js';

/** Adds labels, or annotations, wherever the field specs lead. */
export function pairsTransformer(pairs: Readonly<Record<string, string>>, specs: readonly FieldSpec[]): Transformer {
  const sorted = Object.keys(pairs)
    .sort(compareText)
    .map((key) => ({ key, value: stringScalar(pairs[key]!) }));
  return {
    transform(resources) {
      if (sorted.length === 0) return;
      for (const resource of resources.items) {
        changeFields(resource, specs, {
          createKind: 'mapping',
          set(node) {
            if (isNull(node)) return node;
            expectKind(node, 'mapping');
            for (const { key, value } of sorted) setField(node as Mapping, key, value);
            return node;
          },
        });
      }
    },
  };
}
