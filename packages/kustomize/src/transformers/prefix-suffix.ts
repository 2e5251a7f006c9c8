import type { FieldSpec } from '../config/field-spec.js';
import { expectKind } from '../node/expect-kind.js';
import { isNull, rawTextOf, replaceScalar, untaggedScalar } from '../node/node.js';
import { isSelectedBy, type Gvk } from '../resource/gvk.js';
import { changeField } from './field-path.js';
import type { Transformer } from './transformer.js';

const NAME_PATH = 'metadata/name';

/** Kinds whose names mean something to others than the resources of the build. */
function keepsItsName({ kind, group }: Gvk): boolean {
  return kind === 'CustomResourceDefinition' || kind === 'Namespace' || (kind === 'APIService' && group === 'apiregistration.k8s.io');
}

/** Puts a text in front of names (or behind them) and remembers that it did, for the references to them. */
export function affixTransformer(affix: 'prefix' | 'suffix', text: string, specs: readonly FieldSpec[]): Transformer {
  return {
    transform(resources) {
      const { schema } = resources;
      for (const resource of resources.items) {
        const { gvk } = resource.originalId;
        if (keepsItsName(gvk)) continue;
        for (const spec of specs) {
          if (!isSelectedBy(gvk, spec)) continue;
          if (spec.path === NAME_PATH && text !== '') {
            resource[affix === 'prefix' ? 'prefixes' : 'suffixes'].push(text);
            resource.storePreviousId(schema);
          }
          if (!isSelectedBy(resource.gvk, spec)) continue;
          changeField(resource, spec, {
            createKind: 'scalar',
            set(node) {
              if (!isNull(node)) expectKind(node, 'scalar');
              const old = rawTextOf(node);
              return replaceScalar(node, untaggedScalar(affix === 'prefix' ? text + old : old + text));
            },
          });
        }
      }
      resources.changed();
    },
  };
}
