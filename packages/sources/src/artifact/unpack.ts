import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { SluiceError, errorMessage, normalizePath, tarPadding } from '@sluice/core';
import { readTar, tarEnd, tarHeader } from './tar.js';

export interface UnpackLimits {
  /** The most bytes of files. */
  readonly maxUnpackedBytes: number;
  /** The most files. Default: 500,000. */
  readonly maxFiles?: number;
}

/**
 * Turns a compressed archive of anybody's making into a plain one of ours, file by file. Refused are paths out of the
 * root, links that lead out of it, entries below a link, devices and pipes, sizes over the limit. Links that stay inside
 * are left out, as Flux does; owners, times and special modes do not survive.
 */
export async function unpack(compressed: string, plain: string, { maxUnpackedBytes, maxFiles = 500_000 }: UnpackLimits): Promise<void> {
  const input = createReadStream(compressed);
  const gunzip = createGunzip();
  input.on('error', (error) => gunzip.destroy(error));
  const files = new Set<string>();
  const links = new Set<string>();
  const output = await open(plain, 'wx', 0o600);
  let total = 0;
  let padding = 0;
  let gathered: Uint8Array[] = [];
  let length = 0;
  const flush = async (): Promise<void> => {
    if (length > 0) await output.write(Buffer.concat(gathered, length));
    gathered = [];
    length = 0;
  };
  const add = async (bytes: Uint8Array): Promise<void> => {
    gathered.push(bytes);
    length += bytes.length;
    if (length >= 256 * 1024) await flush();
  };
  try {
    for await (const event of readTar(input.pipe(gunzip))) {
      if ('content' in event) {
        await add(event.content);
        continue;
      }
      const { path, type, size, executable, target } = event.entry;
      let normal: string;
      try {
        normal = normalizePath(path);
      } catch {
        throw refuse(path, 'leaves the root');
      }
      if (parentsOf(normal).some((parent) => links.has(parent) || files.has(parent)))
        throw refuse(path, 'lies below something that is no directory');
      if (padding > 0) await add(Buffer.alloc(padding));
      padding = 0;
      if (type === 'other') throw refuse(path, 'is neither a file nor a directory');
      if (type === 'link') {
        if (leavesRoot(normal, target ?? '')) throw refuse(path, 'is a link that leaves the root');
        if (files.has(normal)) throw refuse(path, 'is there twice');
        links.add(normal);
        continue;
      }
      if (normal === '.' || type === 'directory') {
        if (type !== 'directory') throw refuse(path, 'is no name for a file');
        if (links.has(normal) || files.has(normal)) throw refuse(path, 'is there twice');
        await add(tarHeader({ path: normal, type: 'directory', size: 0, executable: false }));
        continue;
      }
      if (files.has(normal) || links.has(normal)) throw refuse(path, 'is there twice');
      files.add(normal);
      total += size;
      if (total > maxUnpackedBytes || files.size > maxFiles) {
        throw new SluiceError(
          'ArchiveTooLarge',
          `the archive has more than ${total > maxUnpackedBytes ? `${maxUnpackedBytes} bytes` : `${maxFiles} files`} when unpacked`,
        );
      }
      await add(tarHeader({ path: normal, type: 'file', size, executable }));
      padding = tarPadding(size);
    }
    if (padding > 0) await add(Buffer.alloc(padding));
    await add(tarEnd);
    await flush();
    await output.sync();
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    throw new SluiceError('ArchiveInvalid', `the archive is broken: ${errorMessage(error)}`, { cause: error });
  } finally {
    input.destroy();
    gunzip.destroy();
    await output.close();
  }
}

function refuse(path: string, why: string): SluiceError {
  return new SluiceError('ArchiveInvalid', `the archive is refused: ${JSON.stringify(path.slice(0, 500))} ${why}`);
}

function parentsOf(path: string): string[] {
  const segments = path.split('/');
  return segments.slice(1).map((_, index) => segments.slice(0, index + 1).join('/'));
}

/** By its text: links are never followed here, so nothing else can change where one leads. */
function leavesRoot(path: string, target: string): boolean {
  if (target.startsWith('/')) return true;
  try {
    normalizePath(`${path}/../${target}`);
    return false;
  } catch {
    return true;
  }
}
