import { gzipSync } from 'node:zlib';
import { SluiceError, tarPadding } from '@sluice/core';
import { loadChartFiles, metadataJson, type Chart, type ChartFile, type ChartMetadata } from '@sluice/helm';
import { printYaml } from '@sluice/yaml';
import { tarEnd, tarHeader } from '../artifact/tar.js';

/** Files that Helm writes first, in this order. */
const firstFiles = ['Chart.yaml', 'Chart.lock', 'values.yaml', 'values.schema.json'];

/**
 * Packs the files of a chart as `helm package` does, into `<name>/…`. Nothing of the moment is in the archive: the same
 * files give the same bytes. Chart.yaml is written anew, with another name or version where one is given.
 */
export function packageChart(files: readonly ChartFile[], changes: Partial<Pick<ChartMetadata, 'name' | 'version'>> = {}): Buffer {
  const chart = loadChartFiles(files);
  const renamed = renameChart(files, chart, changes);
  const root = changes.name ?? chart.metadata.name;
  const parts: Uint8Array[] = [];
  for (const { name, data } of [...renamed].sort(byPlace)) {
    if (name === 'values.schema.json') checkJson(name, data);
    parts.push(tarHeader({ path: `${root}/${name}`, type: 'file', size: data.length, executable: false }, 0o644), data);
    parts.push(Buffer.alloc(tarPadding(data.length)));
  }
  return gzipSync(Buffer.concat([...parts, tarEnd]), { level: 9 });
}

/** The files of a chart, with a Chart.yaml as Helm writes it. */
export function renameChart(
  files: readonly ChartFile[],
  { metadata }: Pick<Chart, 'metadata'>,
  changes: Partial<Pick<ChartMetadata, 'name' | 'version'>>,
): ChartFile[] {
  const isOld = metadata.apiVersion === 'v1';
  // Charts of the first API version keep their dependencies in requirements.yaml, the others in Chart.yaml.
  const written = metadataJson({ ...metadata, ...changes, ...(isOld && { dependencies: [] }) });
  return files
    .filter(({ name }) => isOld || (name !== 'requirements.yaml' && name !== 'requirements.lock'))
    .map((file) => (file.name === 'Chart.yaml' ? { name: file.name, data: Buffer.from(printYaml(written)) } : file));
}

function byPlace(a: ChartFile, b: ChartFile): number {
  return placeOf(a.name) - placeOf(b.name) || Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
}

/** Its own files, templates, other files, then the charts in it. */
function placeOf(name: string): number {
  const first = firstFiles.indexOf(name);
  if (first >= 0) return first;
  return firstFiles.length + (name.startsWith('templates/') ? 0 : name.startsWith('charts/') ? 2 : 1);
}

function checkJson(name: string, data: Uint8Array): void {
  try {
    JSON.parse(Buffer.from(data).toString('utf8'));
  } catch (error) {
    throw new SluiceError('ChartInvalid', `invalid JSON in ${name}`, { place: { file: name }, cause: error });
  }
}
