import { createReadStream, statSync } from 'node:fs';
import type { Fetch, HttpResponse } from '@sluice/kube';
import type { ArtifactStore } from './store.js';

/** Serves a store's artifacts by their paths, to whoever may reach it: `GET /gitrepository/flux-system/fleet/<commit>.tar.gz`. */
export function artifactHandler(store: ArtifactStore): Fetch {
  return async ({ method, path, headers }) => {
    if (method !== 'GET' && method !== 'HEAD') return answer(405, 'method not allowed', { allow: 'GET, HEAD' });
    const name = decoded(path.split('?', 1)[0] ?? '');
    const file = name === undefined ? undefined : store.fileOf(name.slice(1));
    const stats = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false });
    if (file === undefined || stats === undefined) return answer(404, '404 page not found');
    const etag = `"${stats.ino.toString(36)}-${stats.size.toString(36)}-${Math.trunc(stats.mtimeMs).toString(36)}"`;
    if (headers['if-none-match'] === etag) return { status: 304, headers: { etag }, body: '' };
    return {
      status: 200,
      headers: {
        'content-type': 'application/gzip',
        'content-length': String(stats.size),
        'last-modified': stats.mtime.toUTCString(),
        etag,
      },
      // An open file outlives its name: an artifact that is collected meanwhile still arrives whole.
      body: method === 'HEAD' ? '' : (createReadStream(file) as AsyncIterable<Uint8Array>),
    };
  };
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function answer(status: number, text: string, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: `${text}\n` };
}
