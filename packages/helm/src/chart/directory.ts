import { SluiceError, type FileTree } from '@sluice/core';
import { chartLimits, withoutMark } from './archive.js';
import type { Chart, ChartFile } from './chart.js';
import { parseHelmIgnore, type IgnoreRules } from './helmignore.js';
import { loadChartFiles } from './load.js';

/** A chart in a directory. What its .helmignore names is left out. */
export function loadChartDirectory(tree: FileTree, path: string): Chart {
  return loadChartFiles(chartDirectoryFiles(tree, path));
}

/** The files of a chart in a directory, without what its .helmignore names. */
export function chartDirectoryFiles(tree: FileTree, path: string): ChartFile[] {
  const below = (name: string): string => (path === '.' ? name : `${path}/${name}`);
  const ignore = parseHelmIgnore(
    tree.stat(below('.helmignore')) === 'file' ? new TextDecoder().decode(tree.read(below('.helmignore'))) : '',
  );
  const files: ChartFile[] = [];
  collect(tree, path, '', ignore, files);
  return files;
}

function collect(tree: FileTree, path: string, prefix: string, ignore: IgnoreRules, files: ChartFile[]): void {
  for (const { name, type } of tree.list(path)) {
    const inChart = prefix + name;
    if (ignore(inChart, type === 'directory')) continue;
    const inTree = path === '.' ? name : `${path}/${name}`;
    if (type === 'directory') {
      collect(tree, inTree, `${inChart}/`, ignore, files);
      continue;
    }
    const content = tree.read(inTree);
    if (content.length > chartLimits.fileBytes) {
      throw new SluiceError(
        'ArchiveTooLarge',
        `chart file ${JSON.stringify(inChart)} is larger than the maximum file size ${chartLimits.fileBytes}`,
        {
          place: { file: inTree },
        },
      );
    }
    if (files.length >= chartLimits.files) throw new SluiceError('ArchiveTooLarge', `the chart has more than ${chartLimits.files} files`);
    files.push({ name: inChart, data: withoutMark(content) });
  }
}
