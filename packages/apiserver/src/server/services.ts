import { createServiceAllocator, type ServiceAllocator } from '../kinds/index.js';
import type { Store } from '../store/store.js';

/** The addresses and ports of Services, with those that are taken already. */
export function createServices(store: Store): ServiceAllocator {
  const services = createServiceAllocator();
  for (const { object } of store.table('/services').objects.list()) services.adopt(object);
  return services;
}
