import type { HttpResponse } from '@sluice/kube';
import type { Call } from '../server/context.js';
import { plainText } from '../server/respond.js';

/** `/metrics`: what is stored, and what it costs. */
export function metrics({ context: { store } }: Call): HttpResponse {
  const objects = store.tableNames
    .filter((name) => store.table(name).objects.size > 0)
    .sort()
    .map((name) => {
      const [group = '', resource = ''] = name.split('/');
      return `apiserver_resource_objects{group=${JSON.stringify(group)},resource=${JSON.stringify(resource)}} ${store.table(name).objects.size}`;
    });
  const lines = [
    '# HELP apiserver_resource_objects Number of stored objects by resource.',
    '# TYPE apiserver_resource_objects gauge',
    ...objects,
    '# HELP apiserver_storage_revision The newest resource version.',
    '# TYPE apiserver_storage_revision counter',
    `apiserver_storage_revision ${store.revision}`,
    '# HELP process_resident_memory_bytes Resident memory size in bytes.',
    '# TYPE process_resident_memory_bytes gauge',
    `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
  ];
  return plainText(200, `${lines.join('\n')}\n`, 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores');
}
