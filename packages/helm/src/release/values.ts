import { coalesceValues } from '../values/coalesce.js';
import type { Values } from '../values/values.js';
import type { Release } from './release.js';

/** The values of a release with its chart's defaults below them, as `helm get values --all` has them. */
export function computedValues({ chart, config = {} }: Release): Values {
  const { name } = chart.metadata;
  const stored = { name: typeof name === 'string' ? name : '', values: { ...chart.values }, subcharts: [] };
  return coalesceValues(stored, { ...config }, { helm: 4 });
}
