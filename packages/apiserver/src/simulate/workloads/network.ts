import { deepEqual, type KubeObject } from '@sluice/core';
import { fieldsOf, isSet, itemsOf, mapOf, numberOf, stringsOf, textOf, type Fields } from '../../kinds/index.js';
import { WorkQueue } from '../work-queue.js';
import { keyOf, partsOf, type Controller } from '../world.js';
import { createObject, deleteObject, isFinished, isReady, NODE_NAME, ownedBy, writeObject, writeStatus, type Stage } from './stage.js';

/** Pods change in crowds: the addresses of a Service are written once for many changes. */
const SETTLE_MS = 20;
const SERVICE_NAME = 'kubernetes.io/service-name';
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const CONTROLLER = 'endpointslice-controller.k8s.io';
const MAX_ENDPOINTS = 1000;

/** Keeps the EndpointSlices of Services, and gives load balancers and ingresses an address. */
export function networkController(stage: Stage): Controller {
  const { world } = stage;
  const services = new WorkQueue(reconcileService, world);
  const ingresses = new WorkQueue(reconcileIngress, world);
  /** The Services of a namespace that select pods. */
  const selecting = new Map<string, Map<string, readonly (readonly [string, string])[]>>();
  return {
    tables: ['/services', '/pods', 'networking.k8s.io/ingresses'],
    changed(change) {
      const { resource, namespace, name, exists } = change;
      if (resource.table === 'networking.k8s.io/ingresses') {
        if (exists) ingresses.add(`${namespace}/${name}`);
      } else if (resource.table === '/services') {
        const selector = Object.entries(mapOf(fieldsOf(change.after?.['spec'])['selector']));
        const known = selecting.get(namespace) ?? new Map<string, readonly (readonly [string, string])[]>();
        if (selector.length > 0) known.set(name, selector);
        else known.delete(name);
        if (known.size > 0) selecting.set(namespace, known);
        else selecting.delete(namespace);
        if (exists) services.add(`${namespace}/${name}`);
      } else {
        const { before, after } = change;
        const labels = [before, after].map((pod) => pod?.metadata.labels ?? {});
        for (const [service, selector] of selecting.get(namespace) ?? []) {
          if (labels.some((set) => selector.every(([key, value]) => set[key] === value)))
            services.addAfter(`${namespace}/${service}`, SETTLE_MS);
        }
      }
    },
    stop() {
      services.stop();
      ingresses.stop();
    },
  };

  async function reconcileService(key: string): Promise<void> {
    const { namespace, name } = partsOf(key);
    const service = world.lookup.get('v1', 'Service', namespace, name);
    if (service === undefined || service.metadata.deletionTimestamp !== undefined) return;
    await assignAddress(service);
    const spec = fieldsOf(service['spec']);
    const selector = Object.entries(mapOf(spec['selector']));
    if (selector.length === 0 || spec['type'] === 'ExternalName') return;
    const pods = world.lookup
      .list('v1', 'Pod', namespace)
      .filter((pod) => selector.every(([label, value]) => pod.metadata.labels?.[label] === value))
      .filter((pod) => !isFinished(pod) && textOf(fieldsOf(pod['status'])['podIP']) !== '');
    await writeSlices(service, pods);
  }

  async function assignAddress(service: KubeObject): Promise<void> {
    const spec = fieldsOf(service['spec']);
    const status = fieldsOf(service['status']);
    if (
      spec['type'] !== 'LoadBalancer' ||
      isSet(spec['loadBalancerClass']) ||
      itemsOf(fieldsOf(status['loadBalancer'])['ingress']).length > 0
    )
      return;
    const ip = textOf(spec['loadBalancerIP']) || balancerAddress(service);
    await writeStatus(world, service, { ...status, loadBalancer: { ingress: [{ ip, ipMode: 'VIP' }] } });
    stage.record('service-controller', service, {
      type: 'Normal',
      reason: 'EnsuredLoadBalancer',
      message: `Ensured load balancer. Nothing listens at ${ip}: the cluster is simulated.`,
    });
  }

  async function writeSlices(service: KubeObject, pods: readonly KubeObject[]): Promise<void> {
    const { namespace = '', name = '' } = service.metadata;
    const present = world.lookup
      .list('discovery.k8s.io/v1', 'EndpointSlice', namespace)
      .filter(({ metadata }) => metadata.labels?.[SERVICE_NAME] === name && metadata.labels[MANAGED_BY] === CONTROLLER);
    const wanted: { ports: readonly Fields[]; endpoints: Fields[] }[] = [];
    for (const pod of pods) {
      const ports = portsOf(service, pod);
      let group = wanted.find((item) => item.endpoints.length < MAX_ENDPOINTS && deepEqual(item.ports, ports));
      if (group === undefined) wanted.push((group = { ports, endpoints: [] }));
      group.endpoints.push(endpointOf(pod));
    }
    if (wanted.length === 0) wanted.push({ ports: [], endpoints: [] });
    for (const [index, { ports, endpoints }] of wanted.entries()) {
      const slice = present[index];
      const content = { addressType: 'IPv4', endpoints, ports };
      if (slice === undefined) {
        const labels = { ...mapOf(service.metadata.labels), [SERVICE_NAME]: name, [MANAGED_BY]: CONTROLLER };
        const metadata = { generateName: `${name}-`, namespace, labels, ownerReferences: ownedBy(service) };
        await createObject(world, { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, ...content });
      } else if (!deepEqual({ endpoints: slice['endpoints'] ?? [], ports: slice['ports'] ?? [] }, { endpoints, ports })) {
        await writeObject(world, { ...slice, endpoints, ports });
      }
    }
    for (const slice of present.slice(wanted.length)) await deleteObject(world, slice);
  }

  async function reconcileIngress(key: string): Promise<void> {
    const { namespace, name } = partsOf(key);
    const ingress = world.lookup.get('networking.k8s.io/v1', 'Ingress', namespace, name);
    if (ingress === undefined) return;
    const status = fieldsOf(ingress['status']);
    if (itemsOf(fieldsOf(status['loadBalancer'])['ingress']).length > 0) return;
    await writeStatus(world, ingress, { ...status, loadBalancer: { ingress: [{ ip: balancerAddress(ingress) }] } });
  }
}

/** An address out of a block for documentation, the same for the same object. */
function balancerAddress(object: KubeObject): string {
  let sum = 0;
  for (const byte of Buffer.from(keyOf(object))) sum = (sum * 31 + byte) % 253;
  return `203.0.113.${sum + 1}`;
}

function portsOf(service: KubeObject, pod: KubeObject): Fields[] {
  return itemsOf(fieldsOf(service['spec'])['ports']).flatMap((port) => {
    const target = port['targetPort'];
    const number = typeof target === 'string' ? namedPort(pod, target, textOf(port['protocol'])) : numberOf(target);
    if (number === undefined) return [];
    return [
      {
        name: textOf(port['name']),
        port: number,
        protocol: textOf(port['protocol']),
        ...(isSet(port['appProtocol']) && { appProtocol: port['appProtocol'] }),
      },
    ];
  });
}

function namedPort(pod: KubeObject, name: string, protocol: string): number | undefined {
  for (const container of itemsOf(fieldsOf(pod['spec'])['containers'])) {
    for (const port of itemsOf(container['ports'])) {
      if (port['name'] === name && textOf(port['protocol']) === protocol) return numberOf(port['containerPort']);
    }
  }
  return undefined;
}

function endpointOf(pod: KubeObject): Fields {
  const ready = isReady(pod) && pod.metadata.deletionTimestamp === undefined;
  const { namespace, name, uid } = pod.metadata;
  const spec = fieldsOf(pod['spec']);
  const addresses = stringsOf([textOf(fieldsOf(pod['status'])['podIP'])]);
  const hostname = textOf(spec['hostname']);
  return {
    addresses,
    conditions: { ready, serving: isReady(pod), terminating: pod.metadata.deletionTimestamp !== undefined },
    ...(hostname !== '' && { hostname }),
    nodeName: NODE_NAME,
    targetRef: { kind: 'Pod', namespace, name, uid },
  };
}
