import type { KubeObject } from '@sluice/core';
import assert from 'node:assert/strict';
import type { Fetch, HttpRequest, HttpResponse } from '../http.js';

/**
 * An API server with one kind (ConfigMaps, in the namespace `default`), as strict as the real one about versions, and as unreliable
 * as a test wants it to be. A request that it does not know fails the test.
 */
export class FakeApi {
  readonly requests: string[] = [];
  readonly fetch: Fetch = (request) => this.#answer(request);
  /** Whether a watch may begin with what exists. */
  streamingLists = true;
  /** Decides for each request whether its connection breaks. */
  breaks: (request: HttpRequest) => boolean = () => false;
  #objects = new Map<string, KubeObject>();
  #history: { readonly version: number; readonly type: string; readonly object: KubeObject }[] = [];
  #watches = new Set<FakeWatch>();
  #version: number;
  #compacted: number;

  constructor(version = 1_000) {
    this.#version = version;
    this.#compacted = version;
  }

  get objects(): readonly KubeObject[] {
    return [...this.#objects.values()];
  }

  get watches(): number {
    return this.#watches.size;
  }

  /** Creates the object, or changes its data. */
  put(name: string, data: Readonly<Record<string, string>> = {}): void {
    const old = this.#objects.get(name);
    const version = ++this.#version;
    const metadata = { name, namespace: 'default', uid: old?.metadata.uid ?? `uid-${version}`, resourceVersion: String(version) };
    const object: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
    this.#objects.set(name, object);
    this.#happen(old === undefined ? 'ADDED' : 'MODIFIED', object);
  }

  delete(name: string): void {
    const old = this.#objects.get(name);
    if (old === undefined) return;
    this.#objects.delete(name);
    const version = ++this.#version;
    this.#happen('DELETED', { ...old, metadata: { ...old.metadata, resourceVersion: String(version) } });
  }

  /** Forgets what happened: older versions are 410 from now on. */
  compact(): void {
    this.#history = [];
    this.#compacted = this.#version;
  }

  /** Sends every watch a bookmark. */
  bookmark(): void {
    for (const watch of this.#watches) watch.send('BOOKMARK', bookmarkAt(this.#version));
  }

  /** Breaks the connections of all watches. */
  drop(): void {
    for (const watch of this.#watches) watch.end(new Error('read ECONNRESET'));
  }

  /** Ends all watches, as a server does at their timeout. */
  end(): void {
    for (const watch of this.#watches) watch.end();
  }

  /** The watches stay open, but nothing comes any more. */
  silence(): void {
    for (const watch of this.#watches) watch.silent = true;
    this.#watches.clear();
  }

  /** Goes back to an earlier state, as a server restored from a backup. */
  restore(version: number, names: readonly string[]): void {
    this.drop();
    this.#objects = new Map(
      names.map((name, index) => {
        const metadata = {
          name,
          namespace: 'default',
          uid: `restored-${name}`,
          resourceVersion: String(version - names.length + index + 1),
        };
        return [name, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: {} }];
      }),
    );
    this.#version = version;
    this.compact();
  }

  #happen(type: string, object: KubeObject): void {
    this.#history.push({ version: this.#version, type, object });
    for (const watch of this.#watches) watch.send(type, object);
  }

  async #answer(request: HttpRequest): Promise<HttpResponse> {
    const url = new URL(request.path, 'http://fake');
    this.requests.push(`${request.method} ${url.pathname}${url.searchParams.has('watch') ? '?watch' : ''}`);
    request.signal?.throwIfAborted();
    if (this.breaks(request)) throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    assert.equal(request.method, 'GET');
    switch (url.pathname) {
      case '/api':
        return json(200, { kind: 'APIVersions', versions: ['v1'] });
      case '/apis':
        return json(200, { kind: 'APIGroupList', groups: [] });
      case '/api/v1':
        return json(200, { kind: 'APIResourceList', resources: [{ name: 'configmaps', kind: 'ConfigMap', namespaced: true, verbs: [] }] });
      case '/api/v1/configmaps':
        return url.searchParams.get('watch') === 'true' ? this.#watch(request, url.searchParams) : this.#list(url.searchParams);
      default:
        assert.fail(`the fake API has no ${url.pathname}`);
    }
  }

  #list(parameters: URLSearchParams): HttpResponse {
    const items = [...this.#objects.values()].slice(0, Number(parameters.get('limit') ?? Infinity));
    return json(200, { kind: 'ConfigMapList', apiVersion: 'v1', metadata: { resourceVersion: String(this.#version) }, items });
  }

  #watch(request: HttpRequest, parameters: URLSearchParams): HttpResponse {
    assert.equal(parameters.get('allowWatchBookmarks'), 'true');
    const watch = new FakeWatch(() => this.#watches.delete(watch));
    request.signal?.addEventListener('abort', () => watch.end(request.signal?.reason), { once: true });
    const from = parameters.get('resourceVersion');
    if (from === null) {
      assert.equal(parameters.get('sendInitialEvents'), 'true');
      if (!this.streamingLists)
        return json(422, { kind: 'Status', code: 422, reason: 'Invalid', message: 'sendInitialEvents is forbidden' });
      for (const object of this.#objects.values()) watch.send('ADDED', object);
      watch.send('BOOKMARK', bookmarkAt(this.#version, { 'k8s.io/initial-events-end': 'true' }));
    } else if (Number(from) < this.#compacted) {
      watch.send('ERROR', {
        kind: 'Status',
        code: 410,
        reason: 'Expired',
        message: `too old resource version: ${from} (${this.#compacted})`,
      });
      watch.end();
      return { status: 200, headers: {}, body: watch };
    } else {
      // A version of the future is waited for, without a word.
      for (const { version, type, object } of this.#history) if (version > Number(from)) watch.send(type, object);
      watch.after = Number(from);
    }
    this.#watches.add(watch);
    return { status: 200, headers: {}, body: watch };
  }
}

function json(status: number, body: object): HttpResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

function bookmarkAt(version: number, annotations?: object): object {
  return {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { resourceVersion: String(version), ...(annotations === undefined ? {} : { annotations }) },
  };
}

class FakeWatch implements AsyncIterable<Uint8Array> {
  silent = false;
  after = 0;
  readonly #closed: () => void;
  #chunks: Uint8Array[] = [];
  #ended: { readonly error?: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(closed: () => void) {
    this.#closed = closed;
  }

  send(type: string, object: object): void {
    const version = Number((object as KubeObject).metadata?.resourceVersion ?? Infinity);
    if (this.silent || version <= this.after) return;
    const line = Buffer.from(`${JSON.stringify({ type, object })}\n`);
    // In pieces, as a network would.
    const cut = line.length >> 1;
    this.#chunks.push(line.subarray(0, cut), line.subarray(cut));
    this.#wake?.();
  }

  end(error?: unknown): void {
    this.#ended ??= error === undefined ? {} : { error };
    this.#closed();
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) yield chunk;
      else if (this.#ended === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
      else if ('error' in this.#ended) throw this.#ended.error;
      else return;
    }
  }
}
