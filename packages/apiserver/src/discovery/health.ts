import type { HttpResponse } from '@sluice/kube';
import type { Call } from '../server/context.js';
import { plainText } from '../server/respond.js';

const CHECKS = ['ping', 'log', 'etcd', 'informer-sync'];

/** `/healthz`, `/livez`, `/readyz`, whole or one check of them. The server answers once it has read its store: then all is well. */
export function health({ info: { path, query }, method }: Call): HttpResponse | undefined {
  const [, name = '', check, ...more] = path.split('/');
  if (name !== 'healthz' && name !== 'livez' && name !== 'readyz') return undefined;
  if (check !== undefined && check !== '' && (more.length > 0 || !CHECKS.includes(check))) return plainText(404, '404 page not found\n');
  const isWhole = check === undefined || check === '';
  const text = isWhole && query.has('verbose') ? `${CHECKS.map((one) => `[+]${one} ok\n`).join('')}${name} check passed\n` : 'ok';
  return plainText(200, method === 'HEAD' ? '' : text);
}
