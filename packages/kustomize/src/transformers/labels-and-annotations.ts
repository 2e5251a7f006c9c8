import type { FieldSpec } from '../config/field-spec.js';
import { expectKind } from '../node/expect-kind.js';
import { Scalar, SharedScalar, isNull, quoteIfAmbiguous, replaceScalar, type Mapping } from '../node/node.js';
import { compareText } from '../resource/gvk.js';
import { changeFields } from './field-path.js';
import type { Transformer } from './transformer.js';

/** Adds labels, or annotations, wherever the field specs lead. */
export function pairsTransformer(pairs: Readonly<Record<string, string>>, specs: readonly FieldSpec[]): Transformer {
  const sorted = Object.keys(pairs).sort(compareText);
  return {
    transform(resources) {
      if (sorted.length === 0) return;
      for (const resource of resources.items) {
        const values = sorted.map((key) => new SharedScalar(pairs[key]!, '!!str', false));
        changeFields(resource, specs, {
          createKind: 'mapping',
          set(node) {
            if (isNull(node)) return node;
            expectKind(node, 'mapping');
            for (const [index, key] of sorted.entries()) setShared(node as Mapping, key, values[index]!);
            return node;
          },
        });
      }
    },
  };
}

/** Puts a value where there is none; what is there takes its text and keeps its quotes, which the value gets by that. */
function setShared(mapping: Mapping, key: string, value: SharedScalar): void {
  value.become(quoteIfAmbiguous(value));
  const old = mapping.get(key);
  if (old === undefined) {
    mapping.set(key, value);
    return;
  }
  mapping.set(key, replaceScalar(old, new Scalar(value.text, value.tag, value.quoted)));
  if (old instanceof Scalar) value.become(new Scalar(value.text, value.tag, old.quoted));
}
