import type { HttpResponse } from '@sluice/kube';
import { discovery } from '../discovery/discovery.js';
import { metrics } from '../discovery/metrics.js';
import { openApi } from '../discovery/openapi.js';
import { health } from '../discovery/health.js';
import type { Call } from './context.js';
import { json, plainText } from './respond.js';
import { isTrue } from './request-info.js';
import { methodNotAllowed } from './status.js';
import { VERSION } from '../discovery/version.js';

/** Serves the paths outside of the resources: versions, health, discovery, schemas. */
export async function serveNonResource(call: Call): Promise<HttpResponse> {
  const { path } = call.info;
  const healthAnswer = health(call);
  if (healthAnswer !== undefined) return healthAnswer;
  if (call.method !== 'GET') throw methodNotAllowed();
  if (path === '/version' || path === '/version/')
    return json(200, isTrue(call.info.query.get('pretty')) ? JSON.stringify(VERSION, undefined, 2) : JSON.stringify(VERSION));
  if (path === '/metrics') return metrics(call);
  return openApi(call) ?? discovery(call) ?? plainText(404, '404 page not found\n');
}
