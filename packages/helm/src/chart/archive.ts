import { gunzipSync } from 'node:zlib';
import { SluiceError, errorMessage, readTarFiles } from '@sluice/core';
import type { ChartFile } from './chart.js';

/** What Helm itself reads, and no more. */
export const chartLimits = {
  archiveBytes: 10 * 1024 * 1024,
  unpackedBytes: 100 * 1024 * 1024,
  fileBytes: 5 * 1024 * 1024,
  files: 50_000,
} as const;

const MIN_CHUNK = 16 * 1024;
/** Nothing that is deflated becomes smaller. */
const MAX_RATIO = 1_032;

/** The files of a chart's archive, without the directory that they are all in. Nothing is written anywhere. */
export function unpackChart(archive: Uint8Array): ChartFile[] {
  if (archive.length > chartLimits.archiveBytes) {
    throw new SluiceError('ArchiveTooLarge', `the chart archive is larger than the maximum size ${chartLimits.archiveBytes}`);
  }
  const files = new Map<string, ChartFile>();
  for (const { path, type, content } of readTarFiles(inflate(archive))) {
    if (type === 'directory') continue;
    if (type !== 'file') throw refused(`${JSON.stringify(path)} is neither a file nor a directory`);
    const name = pathInChart(path);
    if (content.length > chartLimits.fileBytes) {
      throw new SluiceError(
        'ArchiveTooLarge',
        `decompressed chart file ${JSON.stringify(path)} is larger than the maximum file size ${chartLimits.fileBytes}`,
      );
    }
    if (files.size >= chartLimits.files) throw new SluiceError('ArchiveTooLarge', `the chart has more than ${chartLimits.files} files`);
    files.delete(name);
    files.set(name, { name, data: withoutMark(content) });
  }
  if (files.size === 0) throw refused('no files in chart archive');
  return [...files.values()];
}

/** A file's content without the mark that some editors begin it with. */
export function withoutMark(content: Uint8Array): Uint8Array {
  return content[0] === 0xef && content[1] === 0xbb && content[2] === 0xbf ? content.subarray(3) : content;
}

function inflate(archive: Uint8Array): Buffer {
  try {
    // The blocks of the archive's headers come on top of what the files may take.
    const maxOutputLength = chartLimits.unpackedBytes + 16 * 1024 * 1024;
    return gunzipSync(archive, { maxOutputLength, chunkSize: Math.min(statedLength(archive) + 1, maxOutputLength) });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new SluiceError('ArchiveTooLarge', `decompressed chart is larger than the maximum size ${chartLimits.unpackedBytes}`);
    }
    throw new SluiceError('ArchiveInvalid', `the chart archive is broken: ${errorMessage(error)}`, { cause: error });
  }
}

/** As long as the archive says that it is inflated: in one piece there is nothing to put together. It may lie, within reason. */
function statedLength(archive: Uint8Array): number {
  const { byteOffset, length } = archive;
  if (length < 18) return MIN_CHUNK;
  const stated = new DataView(archive.buffer, byteOffset + length - 4, 4).getUint32(0, true);
  return Math.max(MIN_CHUNK, Math.min(stated, length * MAX_RATIO));
}

function pathInChart(path: string): string {
  const segments = path.split(path.includes('\\') ? '\\' : '/');
  if (segments[0] === 'Chart.yaml') throw refused('chart yaml not in base directory');
  const inside = segments.slice(1).join('/');
  if (inside.startsWith('/')) throw refused('chart illegally contains absolute paths');
  const kept: string[] = [];
  for (const segment of inside.split('/')) {
    if (segment === '..' && kept.pop() === undefined) throw refused('chart illegally references parent directory');
    if (segment !== '' && segment !== '.' && segment !== '..') kept.push(segment);
  }
  if (kept.length === 0) throw refused(`chart illegally contains content outside the base directory: ${JSON.stringify(path)}`);
  if (/^[a-zA-Z]:$/.test(kept[0] ?? '')) throw refused('chart contains illegally named files');
  if (path.includes('\0')) throw refused('chart contains illegally named files');
  return kept.join('/');
}

function refused(why: string): SluiceError {
  return new SluiceError('ArchiveInvalid', why);
}
