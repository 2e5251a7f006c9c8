import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { deflateSync } from 'node:zlib';

/** An object of a pack: a blob, or a delta of another by its name or by how many bytes before it that is. */
export type PackedObject = { readonly content: string; readonly size?: number } | { readonly base: Buffer } | { readonly back: number };

const BLOB = 3;
const BACK_DELTA = 6;
const NAMED_DELTA = 7;
/** Source and result of four bytes; copies them. */
const DELTA = Buffer.from([4, 4, 0x90, 4]);

/** A pack of Git with whatever is in the objects, however wrong. */
export function packOf(objects: readonly PackedObject[]): Buffer {
  const head = Buffer.alloc(12);
  head.write('PACK');
  head.writeUInt32BE(2, 4);
  head.writeUInt32BE(objects.length, 8);
  const body = Buffer.concat([head, ...objects.flatMap(packed)]);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

function packed(object: PackedObject): Buffer[] {
  if ('base' in object) return [objectHead(NAMED_DELTA, DELTA.length), object.base, deflateSync(DELTA)];
  if ('back' in object) return [objectHead(BACK_DELTA, DELTA.length), backwards(object.back), deflateSync(DELTA)];
  return [objectHead(BLOB, object.size ?? object.content.length), deflateSync(object.content)];
}

/** The type, and a size of any length: four bits, then seven at a time. */
function objectHead(type: number, size: number): Buffer {
  const bytes = [(type << 4) | (size % 16)];
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1]! |= 0x80;
    bytes.push(rest % 128);
  }
  return Buffer.from(bytes);
}

function backwards(offset: number): Buffer {
  const bytes = [offset % 128];
  for (let rest = Math.floor(offset / 128); rest > 0; rest = Math.floor((rest - 1) / 128)) bytes.unshift(0x80 | ((rest - 1) % 128));
  return Buffer.from(bytes);
}

/** Answers for a repository as git does, but for its objects: whoever fetches gets the pack. */
export function serveRepository(name: string, bare: string, pack: Buffer) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    if (request.method !== 'POST' || request.url?.includes(`/${name}.git/git-upload-pack`) !== true) return false;
    void answer(request, response, bare, pack);
    return true;
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, bare: string, pack: Buffer): Promise<void> {
  const body = await buffer(request);
  response.setHeader('content-type', 'application/x-git-upload-pack-result');
  if (body.includes('command=fetch')) {
    response.end(Buffer.concat([line(Buffer.from('packfile\n')), line(Buffer.concat([Buffer.from([1]), pack])), Buffer.from('0000')]));
    return;
  }
  const git = execFile(
    'git',
    ['upload-pack', '--stateless-rpc', bare],
    { encoding: 'buffer', env: { ...process.env, GIT_PROTOCOL: 'version=2' } },
    (_, stdout) => response.end(stdout),
  );
  git.stdin?.end(body);
}

function line(content: Buffer): Buffer {
  return Buffer.concat([Buffer.from((content.length + 4).toString(16).padStart(4, '0')), content]);
}
