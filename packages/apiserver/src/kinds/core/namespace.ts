import { fieldsOf, stringsOf, withField, type Edit } from '../common/index.js';
import { metaOf, nameOf } from '../common/meta.js';
import { check, labelNames, qualifiedName } from '../common/names.js';
import type { KindRules } from '../context.js';

const NAME_LABEL = 'kubernetes.io/metadata.name';

/** Every namespace has its name as a label, so that selectors can name it. */
const nameLabel: Edit = (object) => {
  const name = nameOf(object);
  const meta = metaOf(object);
  const labels = fieldsOf(meta['labels']);
  if (name === '' || labels[NAME_LABEL] === name) return object;
  return withField(object, 'metadata', withField(meta, 'labels', withField(labels, NAME_LABEL, name)));
};

export const namespace: KindRules = {
  namespaced: false,
  names: labelNames,
  defaults: nameLabel,
  create: (object) => {
    const finalizers = stringsOf(fieldsOf(object['spec'])['finalizers']);
    const spec = finalizers.includes('kubernetes')
      ? fieldsOf(object['spec'])
      : { ...fieldsOf(object['spec']), finalizers: [...finalizers, 'kubernetes'] };
    return nameLabel({ ...object, spec, status: { phase: 'Active' } });
  },
  update: (next, live, { subresource }) => {
    const kept = { ...next, status: live['status'] };
    // The namespace's own finalizers change through /finalize only.
    if (subresource === 'finalize') return { ...kept, metadata: metaOf(next), spec: fieldsOf(next['spec']) };
    return withField(kept, 'spec', live['spec']);
  },
  revalidate: true,
  updateStatus: (next, live) => ({ ...next, spec: live['spec'] }),
  validate: (object, faults) => {
    for (const finalizer of stringsOf(fieldsOf(object['spec'])['finalizers'])) {
      if (finalizer !== 'kubernetes') check(faults, 'spec.finalizers', finalizer, qualifiedName);
    }
  },
};
