import { selectorText, labelsText } from '../selectors.js';
import { at, items, number, text } from '../value.js';
import type { CellReaders } from './types.js';

export const networkCells: CellReaders = {
  '/Service': (object, ageOf) => {
    const type = text(object, 'spec', 'type');
    const [first = text(object, 'spec', 'clusterIP')] = items(object, 'spec', 'clusterIPs') as string[];
    const address = type === 'ExternalName' ? '' : first;
    return [
      object.metadata.name,
      type,
      address || '<none>',
      externalAddress(object),
      servicePorts(object),
      ageOf(object.metadata.creationTimestamp),
      labelsText(at(object, 'spec', 'selector')),
    ];
  },
  'networking.k8s.io/Ingress': (object, ageOf) => [
    object.metadata.name,
    text(object, 'spec', 'ingressClassName') || '<none>',
    hosts(object),
    loadBalancers(object),
    items(object, 'spec', 'tls').length > 0 ? '80, 443' : '80',
    ageOf(object.metadata.creationTimestamp),
  ],
  'networking.k8s.io/IngressClass': (object, ageOf) => {
    const parameters = at(object, 'spec', 'parameters');
    const group = text(parameters, 'apiGroup');
    const shown =
      parameters === undefined ? '<none>' : `${text(parameters, 'kind')}${group === '' ? '' : `.${group}`}/${text(parameters, 'name')}`;
    return [object.metadata.name, text(object, 'spec', 'controller'), shown, ageOf(object.metadata.creationTimestamp)];
  },
  'networking.k8s.io/NetworkPolicy': (object, ageOf) => [
    object.metadata.name,
    selectorText(at(object, 'spec', 'podSelector')),
    ageOf(object.metadata.creationTimestamp),
  ],
  'networking.k8s.io/IPAddress': (object) => {
    const parent = at(object, 'spec', 'parentRef');
    const parts = [text(parent, 'resource'), text(parent, 'group'), text(parent, 'namespace'), text(parent, 'name')];
    return [
      object.metadata.name,
      parent === undefined ? '<none>' : `${parts.slice(0, 2).filter(Boolean).join('.')}/${parts.slice(2).filter(Boolean).join('/')}`,
    ];
  },
  'networking.k8s.io/ServiceCIDR': (object, ageOf) => [
    object.metadata.name,
    items(object, 'spec', 'cidrs').join(','),
    ageOf(object.metadata.creationTimestamp),
  ],
  'discovery.k8s.io/EndpointSlice': (object, ageOf) => [
    object.metadata.name,
    text(object, 'addressType'),
    slicePorts(object),
    firstOf(items(object, 'endpoints').flatMap((endpoint) => items(endpoint, 'addresses') as string[])),
    ageOf(object.metadata.creationTimestamp),
  ],
};

function externalAddress(service: unknown): string {
  const external = items(service, 'spec', 'externalIPs').join(',');
  switch (text(service, 'spec', 'type')) {
    case 'ExternalName':
      return text(service, 'spec', 'externalName');
    case 'LoadBalancer': {
      const balancers = loadBalancers(service);
      if (external !== '') return balancers === '' ? external : `${balancers},${external}`;
      return balancers === '' ? '<pending>' : balancers;
    }
    default:
      return external === '' ? '<none>' : external;
  }
}

function loadBalancers(object: unknown): string {
  return items(object, 'status', 'loadBalancer', 'ingress')
    .map((ingress) => text(ingress, 'ip') || text(ingress, 'hostname'))
    .filter((address) => address !== '')
    .join(',');
}

function servicePorts(service: unknown): string {
  const ports = items(service, 'spec', 'ports').map((port) => {
    const nodePort = number(port, 'nodePort');
    return `${number(port, 'port')}${nodePort > 0 ? `:${nodePort}` : ''}/${text(port, 'protocol')}`;
  });
  return ports.length === 0 ? '<none>' : ports.join(',');
}

function hosts(ingress: unknown): string {
  const rules = items(ingress, 'spec', 'rules');
  const named = rules.map((rule) => text(rule, 'host')).filter((host) => host !== '');
  if (named.length > 3) return `${named.slice(0, 3).join(',')} + ${rules.length - 3} more...`;
  return named.length === 0 ? '*' : named.join(',');
}

function slicePorts(slice: unknown): string {
  const ports = items(slice, 'ports').map((port) => {
    const value = at(port, 'port');
    return typeof value === 'number' ? String(value) : '*';
  });
  return ports.length === 0 ? '<unset>' : firstOf(ports);
}

function firstOf(values: readonly string[]): string {
  if (values.length === 0) return '<unset>';
  return values.length > 3 ? `${values.slice(0, 3).join(',')} + ${values.length - 3} more...` : values.join(',');
}
