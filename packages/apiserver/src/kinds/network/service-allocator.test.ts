import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FieldError } from '@sluice/schema';
import type { Fields } from '../common/index.js';
import { createServiceAllocator } from './service-allocator.js';

function service(spec: object): Fields {
  return { spec: { type: 'ClusterIP', ports: [{ port: 80, protocol: 'TCP' }], ...spec } };
}

test('addresses and ports are given out once, and free again when nobody has them', () => {
  const allocator = createServiceAllocator({ addresses: '10.0.0.0/29', nodePorts: [30000, 30001], random: () => 0 });
  const allocate = (spec: object, live?: Fields): { spec: Fields; faults: string[]; settle: (stored: boolean) => void; object: Fields } => {
    const faults: FieldError[] = [];
    const { object, settle } = allocator.allocate(service(spec), live, faults);
    return { object, spec: object['spec'] as Fields, faults: faults.map(({ field, message }) => `${field}: ${message}`), settle };
  };
  const first = allocate({});
  assert.equal(first.spec['clusterIP'], '10.0.0.2');
  first.settle(true);
  const dry = allocate({ type: 'NodePort' });
  assert.deepEqual([dry.spec['clusterIP'], dry.spec['ports']], ['10.0.0.3', [{ port: 80, protocol: 'TCP', nodePort: 30000 }]]);
  dry.settle(false);
  const taken = allocate({ clusterIP: '10.0.0.2', clusterIPs: ['10.0.0.2'] });
  assert.deepEqual(taken.faults, [
    'spec.clusterIPs: Invalid value: ["10.0.0.2"]: failed to allocate IP 10.0.0.2: provided IP is already allocated',
  ]);
  const both = allocate({
    type: 'NodePort',
    ports: [
      { port: 53, protocol: 'TCP' },
      { port: 53, protocol: 'UDP' },
    ],
  });
  assert.deepEqual(
    (both.spec['ports'] as Fields[]).map((port) => port['nodePort']),
    [30000, 30000],
  );
  both.settle(true);
  const outside = allocate({ type: 'NodePort', ports: [{ port: 1, protocol: 'TCP', nodePort: 80 }] });
  assert.match(outside.faults.join(), /not in the valid range. The range of valid ports is 30000-30001/);
  // The address of the one that changes into an ExternalName is free afterwards.
  const gone = allocate({ type: 'ExternalName' }, first.object);
  gone.settle(true);
  assert.equal(allocate({}).spec['clusterIP'], '10.0.0.2');
  allocator.release(both.object);
  assert.equal((allocate({ type: 'NodePort' }).spec['ports'] as Fields[])[0]?.['nodePort'], 30000);
});
