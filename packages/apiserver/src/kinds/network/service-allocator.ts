import { invalid, type FieldError } from '@sluice/schema';
import { addressNumber, cidrContains, dottedAddress, isAddress, isIPv6 } from '../common/addresses.js';
import { fieldsOf, isSet, itemsOf, numberOf, stringsOf, textOf, withField, type Fields } from '../common/index.js';
import type { Allocation } from '../context.js';

/** Gives Services their cluster addresses and node ports, each once. */
export interface ServiceAllocator {
  /** Takes what the Service asks for or needs. Faults: taken, or out of range. */
  allocate(service: Fields, live: Fields | undefined, faults: FieldError[]): Allocation;
  /** Marks as taken what a stored Service has: when the server starts. */
  adopt(service: Fields): void;
  /** Frees what a deleted Service had. */
  release(service: Fields): void;
}

export interface ServiceAllocatorOptions {
  /** Default: `10.96.0.0/16`. */
  readonly addresses?: string;
  /** First and last. Default: 30000 and 32767. */
  readonly nodePorts?: readonly [number, number];
  /** A number from 0 up to 1. Default: random. */
  readonly random?: () => number;
}

export function createServiceAllocator(options: ServiceAllocatorOptions = {}): ServiceAllocator {
  const { addresses = '10.96.0.0/16', nodePorts: [firstPort, lastPort] = [30000, 32767], random = Math.random } = options;
  const slash = addresses.indexOf('/');
  const base = addressNumber(addresses.slice(0, slash));
  const size = 2 ** (32 - Number(addresses.slice(slash + 1)));
  const takenAddresses = new Set<string>();
  const takenPorts = new Set<number>();

  /** A free one, from a random start: the same is not given out twice in a row. Undefined when all are taken. */
  function pick<T>(count: number, value: (index: number) => T, taken: ReadonlySet<T>): T | undefined {
    const start = Math.floor(random() * count);
    for (let step = 0; step < count; step++) {
      const candidate = value((start + step) % count);
      if (!taken.has(candidate)) return candidate;
    }
    return undefined;
  }

  /** The first address is the network's, the second the API server's own Service, the last the broadcast. */
  const freeAddress = (): string | undefined => pick(size - 3, (index) => dottedAddress(base + BigInt(index + 2)), takenAddresses);
  const freePort = (): number | undefined => pick(lastPort - firstPort + 1, (index) => firstPort + index, takenPorts);

  return {
    allocate(service, live, faults) {
      const before = held(live);
      const had = { addresses: new Set(before.addresses), ports: new Set(before.ports) };
      const took = { addresses: [] as string[], ports: [] as number[] };
      const object = withField(service, 'spec', allocateSpec(fieldsOf(service['spec'])));
      const now = held(object);
      const settle = (stored: boolean): void => {
        // What the stored object does not have is free: what was taken for a refused one, what a stored one let go.
        const kept = stored ? now : before;
        for (const address of [...took.addresses, ...before.addresses])
          if (!kept.addresses.includes(address)) takenAddresses.delete(address);
        for (const port of [...took.ports, ...before.ports]) if (!kept.ports.includes(port)) takenPorts.delete(port);
      };
      if (faults.length > 0) settle(false);
      return { object, settle };

      function allocateSpec(spec: Fields): Fields {
        let result = spec;
        if (textOf(spec['type']) !== 'ExternalName') {
          const ips = stringsOf(spec['clusterIPs']);
          const [wanted] = ips;
          if (wanted === undefined || wanted === '') {
            const address = freeAddress();
            if (address === undefined) faults.push(invalid('spec.clusterIPs', [], 'failed to allocate a serviceIP: range is full'));
            else {
              takeAddress(address);
              result = { ...result, clusterIP: address, clusterIPs: [address] };
            }
          } else if (wanted !== 'None' && !had.addresses.has(wanted)) {
            const problem = addressProblem(wanted);
            if (problem === undefined) takeAddress(wanted);
            else faults.push(invalid('spec.clusterIPs', ips, `failed to allocate IP ${wanted}: ${problem}`));
          }
        }
        return allocatePorts(result);
      }

      function allocatePorts(spec: Fields): Fields {
        const type = textOf(spec['type']);
        const wants = type === 'NodePort' || (type === 'LoadBalancer' && spec['allocateLoadBalancerNodePorts'] !== false);
        // One port may serve TCP and UDP of the same Service.
        const byProtocol = new Map<number, Set<string>>();
        let ports = itemsOf(spec['ports']);
        for (const [index, port] of ports.entries()) {
          const protocol = textOf(port['protocol']);
          let number = numberOf(port['nodePort']);
          if (number !== 0) {
            if (byProtocol.has(number) || had.ports.has(number)) {
              // taken already, by this Service
            } else if (number < firstPort || number > lastPort) {
              const text = `provided port is not in the valid range. The range of valid ports is ${firstPort}-${lastPort}`;
              faults.push(invalid(`spec.ports[${index}].nodePort`, number, text));
              continue;
            } else if (takenPorts.has(number)) {
              faults.push(invalid(`spec.ports[${index}].nodePort`, number, 'provided port is already allocated'));
              continue;
            } else takePort(number);
          } else if (wants) {
            const sibling = ports.find(
              (other) =>
                other['port'] === port['port'] &&
                numberOf(other['nodePort']) !== 0 &&
                !(byProtocol.get(numberOf(other['nodePort']))?.has(protocol) ?? true),
            );
            number = sibling === undefined ? (freePort() ?? 0) : numberOf(sibling['nodePort']);
            if (number === 0) {
              faults.push(invalid(`spec.ports[${index}].nodePort`, 0, 'failed to allocate a nodePort: range is full'));
              continue;
            }
            if (sibling === undefined) takePort(number);
            ports = ports.map((item, position) => (position === index ? { ...item, nodePort: number } : item));
          } else continue;
          byProtocol.set(number, (byProtocol.get(number) ?? new Set()).add(protocol));
        }
        let result = withField(spec, 'ports', spec['ports'] === undefined ? undefined : ports);
        const checked = type === 'LoadBalancer' && spec['externalTrafficPolicy'] === 'Local';
        const health = numberOf(spec['healthCheckNodePort']);
        if (checked && health === 0) {
          const number = freePort();
          if (number !== undefined) {
            takePort(number);
            result = withField(result, 'healthCheckNodePort', number);
          }
        } else if (checked && !had.ports.has(health)) {
          if (takenPorts.has(health)) faults.push(invalid('spec.healthCheckNodePort', health, 'provided port is already allocated'));
          else takePort(health);
        }
        return result;
      }

      function takeAddress(address: string): void {
        takenAddresses.add(address);
        took.addresses.push(address);
      }

      function takePort(port: number): void {
        takenPorts.add(port);
        took.ports.push(port);
      }
    },
    adopt(service) {
      const { addresses: ips, ports } = held(service);
      for (const address of ips) takenAddresses.add(address);
      for (const port of ports) takenPorts.add(port);
    },
    release(service) {
      const { addresses: ips, ports } = held(service);
      for (const address of ips) takenAddresses.delete(address);
      for (const port of ports) takenPorts.delete(port);
    },
  };

  function addressProblem(address: string): string | undefined {
    if (!isAddress(address) || isIPv6(address) || !cidrContains(addresses, address))
      return 'the provided network does not match the current range';
    return takenAddresses.has(address) ? 'provided IP is already allocated' : undefined;
  }
}

function held(service: Fields | undefined): { addresses: readonly string[]; ports: readonly number[] } {
  const spec = fieldsOf(service?.['spec']);
  const addresses = textOf(spec['type']) === 'ExternalName' ? [] : stringsOf(spec['clusterIPs']).filter((ip) => ip !== '' && ip !== 'None');
  const ports = itemsOf(spec['ports']).map((port) => numberOf(port['nodePort']));
  if (isSet(spec['healthCheckNodePort'])) ports.push(numberOf(spec['healthCheckNodePort']));
  return { addresses, ports: ports.filter((port) => port !== 0) };
}
