import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { directoryTree } from '@sluice/core';
import { loadChartArchive, loadChartDirectory, type Chart } from '@sluice/helm';

/** The chart in a directory or an archive of this machine. */
export function readChart(path: string): Chart {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new Error(`there is no chart at ${path}: name a directory with a Chart.yaml, or an archive`);
  if (!found.isDirectory()) return loadChartArchive(readFileSync(path));
  return loadChartDirectory(directoryTree(resolve(path)), '.');
}
