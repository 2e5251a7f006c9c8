import { at, defaults, each, fieldsOf, isSet, pipe, textOf, within, withField, zeroDefaults, type Edit } from '../common/index.js';

/** Longer names are no references to images. */
const MAX_IMAGE_NAME = 255;

/** `latest`, spelled out or implied, is pulled always; anything else only when it is not there. */
export function pullPolicyOf(image: string): 'Always' | 'IfNotPresent' {
  if (image.length > MAX_IMAGE_NAME) return 'IfNotPresent';
  const [, tag, digest] = /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?::([^@]+))?(@.+)?$/.exec(image.slice(image.lastIndexOf('/') + 1)) ?? ['', ''];
  return (tag ?? (digest === undefined ? 'latest' : '')) === 'latest' ? 'Always' : 'IfNotPresent';
}

const httpGet = zeroDefaults({ path: '/', scheme: 'HTTP' });
const handler = at('httpGet', httpGet);
const probe = pipe(
  zeroDefaults({ timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }),
  handler,
  at('grpc', defaults({ service: '' })),
);
const fieldRef = at('fieldRef', zeroDefaults({ apiVersion: 'v1' }));
const resourceFieldRef = at('resourceFieldRef', zeroDefaults({ divisor: '0' }));

const pullPolicy: Edit = (container) =>
  textOf(container['imagePullPolicy']) === ''
    ? withField(container, 'imagePullPolicy', pullPolicyOf(textOf(container['image'])))
    : container;

const container = pipe(
  pullPolicy,
  zeroDefaults({ terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File' }),
  each('ports', zeroDefaults({ protocol: 'TCP' })),
  each('env', at('valueFrom', pipe(fieldRef, resourceFieldRef))),
  at('livenessProbe', probe),
  at('readinessProbe', probe),
  at('startupProbe', probe),
  at('lifecycle', pipe(at('postStart', handler), at('preStop', handler))),
);

const downwardItems = each('items', pipe(fieldRef, resourceFieldRef));
const mode = defaults({ defaultMode: 420 });
export const VOLUME_SOURCES = [
  'hostPath',
  'emptyDir',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'gitRepo',
  'secret',
  'nfs',
  'iscsi',
  'glusterfs',
  'persistentVolumeClaim',
  'rbd',
  'flexVolume',
  'cinder',
  'cephfs',
  'flocker',
  'downwardAPI',
  'fc',
  'azureFile',
  'configMap',
  'vsphereVolume',
  'quobyte',
  'azureDisk',
  'photonPersistentDisk',
  'projected',
  'portworxVolume',
  'scaleIO',
  'storageos',
  'csi',
  'ephemeral',
  'image',
] as const;

/** Defaults of the sources that pods' volumes and PersistentVolumes share. */
export const sourceDefaults = pipe(
  at('hostPath', defaults({ type: '' })),
  at('iscsi', zeroDefaults({ iscsiInterface: 'default' })),
  at('rbd', zeroDefaults({ pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' })),
  at('azureDisk', defaults({ cachingMode: 'ReadWrite', fsType: 'ext4', readOnly: false, kind: 'Shared' })),
  at('scaleIO', zeroDefaults({ storageMode: 'ThinProvisioned', fsType: 'xfs' })),
);

const volume = pipe(
  (value) => (VOLUME_SOURCES.some((source) => isSet(value[source])) ? value : withField(value, 'emptyDir', {})),
  sourceDefaults,
  at('secret', mode),
  at('configMap', mode),
  at('downwardAPI', pipe(mode, downwardItems)),
  at(
    'projected',
    pipe(mode, each('sources', pipe(at('downwardAPI', downwardItems), at('serviceAccountToken', defaults({ expirationSeconds: 3600 }))))),
  ),
  at('ephemeral', at('volumeClaimTemplate', within('spec', defaults({ volumeMode: 'Filesystem' })))),
  at('image', (value) =>
    textOf(value['pullPolicy']) === '' ? withField(value, 'pullPolicy', pullPolicyOf(textOf(value['reference']))) : value,
  ),
);

/** The two names of the service account say the same. */
const serviceAccount: Edit = (spec) => {
  const name = textOf(spec['serviceAccountName']) || textOf(spec['serviceAccount']);
  if (name === '') return spec;
  return withField(withField(spec, 'serviceAccountName', name), 'serviceAccount', name);
};

/** What every pod spec gets, in a Pod and in a template. */
const podSpec = pipe(
  zeroDefaults({ dnsPolicy: 'ClusterFirst', restartPolicy: 'Always', schedulerName: 'default-scheduler' }),
  defaults({ terminationGracePeriodSeconds: 30, securityContext: {} }),
  serviceAccount,
  each('volumes', volume),
  each('initContainers', container),
  each('containers', container),
  each('ephemeralContainers', container),
);

/** The pod template in a workload's spec. */
export const templateDefaults: Edit = within('template', within('spec', podSpec));

/** Requests that are not given are the limits: in Pods only, templates keep what they say. */
const requestsFromLimits: Edit = (value) => {
  const resources = fieldsOf(value['resources']);
  const limits = fieldsOf(resources['limits']);
  let requests = fieldsOf(resources['requests']);
  for (const name of Object.keys(limits)) if (!isSet(requests[name])) requests = withField(requests, name, limits[name]);
  return requests === fieldsOf(resources['requests']) ? value : withField(value, 'resources', withField(resources, 'requests', requests));
};

const hostPorts: Edit = each('ports', (port) =>
  isSet(port['hostPort']) && port['hostPort'] !== 0 ? port : withField(port, 'hostPort', port['containerPort']),
);

const hostNetwork: Edit = (spec) =>
  spec['hostNetwork'] === true ? each('initContainers', hostPorts)(each('containers', hostPorts)(spec)) : spec;

export const podDefaults: Edit = within(
  'spec',
  pipe(
    podSpec,
    each('containers', requestsFromLimits),
    each('initContainers', requestsFromLimits),
    defaults({ enableServiceLinks: true }),
    hostNetwork,
  ),
);
