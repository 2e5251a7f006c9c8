import type { HttpResponse } from '@sluice/kube';
import type { ResourceCall } from '../server/context.js';
import { methodNotAllowed } from '../server/status.js';

export async function review(_call: ResourceCall): Promise<HttpResponse> {
  throw methodNotAllowed();
}
