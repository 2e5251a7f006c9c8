import type { Invocation } from '../command-line/index.js';
import { readChart } from '../helm-chart.js';

/** `helm show values CHART`. */
export async function run({ args, terminal }: Invocation): Promise<void> {
  const [path] = args;
  if (path === undefined || args.length > 1) throw new Error('specify one chart');
  terminal.out(`${readChart(path).valuesText}\n`);
  return Promise.resolve();
}
