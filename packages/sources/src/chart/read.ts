import { SluiceError, type FileTree } from '@sluice/core';
import { chartDirectoryFiles, loadChartFiles, unpackChart, type ChartFile, type ChartMetadata } from '@sluice/helm';

export interface TreeChart {
  readonly isDirectory: boolean;
  /** Its bytes where it is an archive. */
  readonly archive: Uint8Array;
  readonly files: readonly ChartFile[];
  readonly metadata: ChartMetadata;
}

/** A chart of a tree: its files and what its Chart.yaml says. */
export function readChart(tree: FileTree, path: string): TreeChart {
  const type = tree.stat(path);
  if (type === undefined) throw new SluiceError('FileNotFound', `stat /${path}: no such file or directory`, { place: { file: path } });
  const archive = type === 'file' ? tree.read(path) : new Uint8Array();
  if (type === 'directory' && tree.stat(inside(path, 'Chart.yaml')) !== 'file') {
    const file = inside(path, 'Chart.yaml');
    throw new SluiceError('FileNotFound', `open /${file}: no such file or directory`, { place: { file } });
  }
  const files = type === 'file' ? unpackChart(archive) : chartDirectoryFiles(tree, path);
  const { metadata } = loadChartFiles(files);
  return { isDirectory: type === 'directory', archive, files, metadata };
}

function inside(path: string, name: string): string {
  return path === '.' ? name : `${path}/${name}`;
}
