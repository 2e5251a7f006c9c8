import assert from 'node:assert/strict';
import type { Fetch, HttpRequest, HttpResponse } from '../http.js';

/** What comes to a request: an answer, or the code of an error instead of one. */
export type Scripted =
  | { readonly status?: number; readonly headers?: HttpResponse['headers']; readonly body?: unknown }
  | { readonly error: string };

export interface ScriptedFetch {
  readonly fetch: Fetch;
  readonly requests: readonly HttpRequest[];
}

/** A fetch that gives the answers of a script in their order, each to the request it is for; any other request fails the test. */
export function scriptedFetch(script: readonly [request: string, answer: Scripted][]): ScriptedFetch {
  const left = [...script];
  const requests: HttpRequest[] = [];
  return {
    requests,
    fetch: async (request) => {
      requests.push(request);
      const next = left.shift();
      const asked = `${request.method} ${request.path}`;
      assert.equal(asked, next?.[0], `unexpected request ${asked}`);
      const [, answer] = next!;
      if ('error' in answer) throw Object.assign(new Error(answer.error), { code: answer.error });
      const { status = 200, headers = {}, body = {} } = answer;
      return { status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) };
    },
  };
}

/** Discovery as an old server answers it: ConfigMaps and Namespaces. */
export const discovery: readonly [string, Scripted][] = [
  ['GET /api', { body: { kind: 'APIVersions', versions: ['v1'] } }],
  ['GET /apis', { body: { kind: 'APIGroupList', groups: [] } }],
  [
    'GET /api/v1',
    {
      body: {
        kind: 'APIResourceList',
        resources: [
          { name: 'configmaps', singularName: 'configmap', kind: 'ConfigMap', namespaced: true, verbs: ['get'], shortNames: ['cm'] },
          { name: 'namespaces', singularName: 'namespace', kind: 'Namespace', namespaced: false, verbs: ['get'] },
          { name: 'namespaces/status', singularName: '', kind: 'Namespace', namespaced: false, verbs: ['get'] },
        ],
      },
    },
  ],
];
