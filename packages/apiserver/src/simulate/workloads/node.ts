import { createObject, NODE_NAME, NOTHING_RUNS, type Stage } from './stage.js';
import { timestamp } from '../conditions.js';
import { NODE_ADDRESS } from './pods.js';
import { STORAGE_CLASS } from './storage.js';

/** The one node that there seems to be, and the class of storage that everything can be had of. */
export async function setTheStage({ world }: Stage): Promise<void> {
  const now = timestamp(world.timers.now());
  const amount = { cpu: '64', memory: '256Gi', 'ephemeral-storage': '1Ti', pods: '5000' };
  const condition = (type: string, status: string, reason: string, message: string): object => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  });
  if (world.lookup.get('v1', 'Node', undefined, NODE_NAME) === undefined) {
    await createObject(world, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name: NODE_NAME,
        annotations: { 'sluice.dev/simulated': NOTHING_RUNS },
        labels: {
          'kubernetes.io/hostname': NODE_NAME,
          'kubernetes.io/os': 'linux',
          'kubernetes.io/arch': 'amd64',
          'node-role.kubernetes.io/control-plane': '',
        },
      },
      spec: { podCIDR: '10.244.0.0/16', podCIDRs: ['10.244.0.0/16'], providerID: `sluice://${NODE_NAME}` },
      status: {
        capacity: amount,
        allocatable: amount,
        addresses: [
          { type: 'InternalIP', address: NODE_ADDRESS },
          { type: 'Hostname', address: NODE_NAME },
        ],
        conditions: [
          condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
          condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
          condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
          condition('Ready', 'True', 'KubeletReady', NOTHING_RUNS),
        ],
        nodeInfo: {
          architecture: 'amd64',
          operatingSystem: 'linux',
          kubeletVersion: 'v1.34.4',
          kubeProxyVersion: 'v1.34.4',
          containerRuntimeVersion: 'simulated://1',
          osImage: 'Sluice (simulated)',
          kernelVersion: 'simulated',
          bootID: '',
          machineID: '',
          systemUUID: '',
        },
      },
    });
  }
  if (world.lookup.get('storage.k8s.io/v1', 'StorageClass', undefined, STORAGE_CLASS) === undefined) {
    await createObject(world, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: STORAGE_CLASS, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'sluice.dev/simulated',
      volumeBindingMode: 'Immediate',
      allowVolumeExpansion: true,
    });
  }
}
