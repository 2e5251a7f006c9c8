import { SluiceError } from '@sluice/core';
import type { OciCall, OciClient } from './client.js';
import type { OciDescriptor } from './manifest.js';

/** A whole blob, where it is known to be small. */
export async function gatherBlob(
  client: Pick<OciClient, 'blob'>,
  { digest, size }: Pick<OciDescriptor, 'digest' | 'size'>,
  maxBytes: number,
  call: OciCall | undefined,
): Promise<Buffer> {
  if (size > maxBytes) throw new SluiceError('SourceTooLarge', `the layer ${digest} has ${size} bytes, more than the limit of ${maxBytes}`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of client.blob({ digest, size }, call)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
