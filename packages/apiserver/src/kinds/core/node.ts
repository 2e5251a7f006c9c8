import { fieldsOf, isSet, withField } from '../common/index.js';
import type { KindRules } from '../context.js';

export const node: KindRules = {
  namespaced: false,
  defaults: (object) => {
    const status = fieldsOf(object['status']);
    if (isSet(status['allocatable']) || !isSet(status['capacity'])) return object;
    return withField(object, 'status', withField(status, 'allocatable', status['capacity']));
  },
  // Nodes register themselves with their status: a new one keeps it.
  update: (next, live) => withField(next, 'status', live['status']),
};
