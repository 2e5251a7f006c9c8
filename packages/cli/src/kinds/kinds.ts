import { isJsonObject, type KubeObject } from '@sluice/core';
import { conditionsOf, field, statusAndMessage, truncateHex, type Condition } from './status.js';

/** One kind of Flux's resources, as the commands show it and talk about it. */
export interface FluxKind {
  readonly apiVersion: string;
  readonly kind: string;
  /** As messages call it: `source git`. */
  readonly humanKind: string;
  /** The columns of `get` between the name and READY. */
  readonly columns: readonly Column[];
  /** Status and message of an object in `get`. */
  readonly summary: (object: KubeObject) => { readonly status: string; readonly message: string };
  /** The conditions of kinds without a status, which are the same for all objects. */
  readonly conditions?: readonly Condition[];
  /** What `reconcile` and `resume` say at the end. */
  readonly successMessage: (object: KubeObject) => string;
  /** Objects without a reconciler: nothing to wait for. */
  readonly isStatic: (object: KubeObject) => boolean;
}

/** The plural of a kind, as in the path of its objects. */
export function pluralOf({ kind }: Pick<FluxKind, 'kind'>): string {
  return `${kind.toLowerCase()}s`.replace(/ys$/, 'ies');
}

interface Column {
  readonly header: string;
  readonly value: (object: KubeObject) => string;
  /** Shown only with this flag. */
  readonly flag?: string;
}

const suspended: Column = { header: 'Suspended', value: (object) => (field(object, 'spec', 'suspend') === true ? 'True' : 'False') };
const artifactRevision: Column = { header: 'Revision', value: (object) => truncateHex(text(object, 'status', 'artifact', 'revision')) };

const shortened = (object: KubeObject): { status: string; message: string } => {
  const { status, message } = statusAndMessage(object);
  return { status, message: truncateHex(message) };
};
const never = (): boolean => false;
const isOciHelmRepository = (object: KubeObject): boolean => field(object, 'spec', 'type') === 'oci';
const fetchedRevision = (object: KubeObject): string => `fetched revision ${text(object, 'status', 'artifact', 'revision')}`;

const SOURCE = 'source.toolkit.fluxcd.io/v1';
const IMAGE = 'image.toolkit.fluxcd.io/v1';
const NOTIFICATION = 'notification.toolkit.fluxcd.io';
const EXTENSIONS = 'source.extensions.fluxcd.io';

function source(kind: string, humanKind: string): FluxKind {
  return {
    apiVersion: SOURCE,
    kind,
    humanKind,
    columns: [artifactRevision, suspended],
    summary: shortened,
    successMessage: fetchedRevision,
    isStatic: never,
  };
}

export const gitRepository = source('GitRepository', 'source git');
export const ociRepository = source('OCIRepository', 'source oci');
export const bucket = source('Bucket', 'source bucket');

export const helmRepository: FluxKind = {
  ...source('HelmRepository', 'source helm'),
  summary: (object) => (isOciHelmRepository(object) ? { status: 'True', message: 'Helm repository is Ready' } : shortened(object)),
  isStatic: isOciHelmRepository,
};

export const helmChart: FluxKind = {
  ...source('HelmChart', 'source chart'),
  // A chart's revision is a version, which may look like a digest.
  columns: [{ header: 'Revision', value: (object) => text(object, 'status', 'artifact', 'revision') }, suspended],
};

export const externalArtifact: FluxKind = {
  ...source('ExternalArtifact', 'source external-artifact'),
  columns: [
    artifactRevision,
    {
      header: 'Source',
      value: (object) => {
        const reference = field(object, 'spec', 'sourceRef');
        if (!isJsonObject(reference)) return '';
        return ['kind', 'namespace', 'name'].map((key) => asText(reference[key])).join('/');
      },
    },
  ],
};

export const kustomization: FluxKind = {
  apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
  kind: 'Kustomization',
  humanKind: 'kustomization',
  columns: [
    { header: 'Source', flag: 'show-source', value: (object) => referenceText(object, field(object, 'spec', 'sourceRef')) },
    { header: 'Revision', value: (object) => truncateHex(text(object, 'status', 'lastAppliedRevision')) },
    suspended,
  ],
  summary: shortened,
  successMessage: (object) => `applied revision ${text(object, 'status', 'lastAppliedRevision')}`,
  isStatic: never,
};

export const helmRelease: FluxKind = {
  apiVersion: 'helm.toolkit.fluxcd.io/v2',
  kind: 'HelmRelease',
  humanKind: 'helmrelease',
  columns: [
    {
      header: 'Source',
      flag: 'show-source',
      value: (object) => referenceText(object, field(object, 'spec', 'chartRef') ?? field(object, 'spec', 'chart', 'spec', 'sourceRef')),
    },
    { header: 'Revision', value: helmReleaseRevision },
    suspended,
  ],
  summary: statusAndMessage,
  successMessage: (object) => `applied revision ${helmReleaseRevision(object)}`,
  isStatic: never,
};

export const imageRepository: FluxKind = {
  apiVersion: IMAGE,
  kind: 'ImageRepository',
  humanKind: 'image repository',
  columns: [{ header: 'Last scan', value: (object) => text(object, 'status', 'lastScanResult', 'scanTime') }, suspended],
  summary: statusAndMessage,
  successMessage: (object) => `scan fetched ${text(object, 'status', 'lastScanResult', 'tagCount')} tags`,
  isStatic: never,
};

export const imagePolicy: FluxKind = {
  apiVersion: IMAGE,
  kind: 'ImagePolicy',
  humanKind: 'image policy',
  columns: [
    { header: 'Image', value: (object) => text(object, 'status', 'latestRef', 'name') },
    { header: 'Tag', value: (object) => text(object, 'status', 'latestRef', 'tag') },
  ],
  summary: statusAndMessage,
  successMessage: (object) => `selected ref ${text(object, 'status', 'latestRef', 'name')}:${text(object, 'status', 'latestRef', 'tag')}`,
  isStatic: never,
};

export const imageUpdateAutomation: FluxKind = {
  apiVersion: IMAGE,
  kind: 'ImageUpdateAutomation',
  humanKind: 'image update automation',
  columns: [{ header: 'Last run', value: (object) => text(object, 'status', 'lastAutomationRunTime') }, suspended],
  summary: statusAndMessage,
  successMessage: (object) => conditionsOf(object).find((condition) => condition.type === 'Ready')?.message ?? 'automation not yet run',
  isStatic: never,
};

export const receiver: FluxKind = {
  apiVersion: `${NOTIFICATION}/v1`,
  kind: 'Receiver',
  humanKind: 'receiver',
  columns: [suspended],
  summary: statusAndMessage,
  successMessage: () => 'Receiver reconciliation completed',
  isStatic: never,
};

/** Alerts and Providers have had no status since v1beta3: they are always ready. */
function withoutStatus(kind: string): Pick<FluxKind, 'summary' | 'conditions' | 'successMessage' | 'isStatic'> {
  const ready = { type: 'Ready', status: 'True', message: `${kind} is Ready` };
  return { summary: () => ready, conditions: [ready], successMessage: () => `${kind} reconciliation completed`, isStatic: () => true };
}

export const alert: FluxKind = {
  apiVersion: `${NOTIFICATION}/v1beta3`,
  kind: 'Alert',
  humanKind: 'alert',
  columns: [suspended],
  ...withoutStatus('Alert'),
};

export const alertProvider: FluxKind = {
  apiVersion: `${NOTIFICATION}/v1beta3`,
  kind: 'Provider',
  humanKind: 'alert provider',
  columns: [],
  ...withoutStatus('Provider'),
};

/** @public picked by its name in the tree of commands */
export const artifactGenerator: FluxKind = {
  apiVersion: `${EXTENSIONS}/v1beta1`,
  kind: 'ArtifactGenerator',
  humanKind: 'artifactgenerator',
  columns: [
    {
      header: 'Suspended',
      value: ({ metadata }) => (metadata.annotations?.[`${EXTENSIONS}/reconcile`]?.toLowerCase() === 'disabled' ? 'True' : 'False'),
    },
  ],
  summary: statusAndMessage,
  successMessage: () => 'ArtifactGenerator reconciliation completed',
  isStatic: never,
};

/** The order of `get sources all`. */
export const sourceKinds: readonly FluxKind[] = [ociRepository, bucket, gitRepository, helmRepository, helmChart, externalArtifact];
/** The order of `get images all`. */
export const imageKinds: readonly FluxKind[] = [imageRepository, imagePolicy, imageUpdateAutomation];
/** The order of `get all`. */
export const allKinds: readonly FluxKind[] = [...sourceKinds, ...imageKinds, helmRelease, kustomization, receiver, alertProvider, alert];

function helmReleaseRevision(object: KubeObject): string {
  const history = field(object, 'status', 'history');
  const [latest] = Array.isArray(history) ? history : [];
  return isJsonObject(latest) ? asText(latest['chartVersion']) : text(object, 'status', 'lastAttemptedRevision');
}

/** `Kind/namespace/name`, in the object's own namespace when the reference has none. */
function referenceText(object: KubeObject, reference: unknown): string {
  if (!isJsonObject(reference)) return '';
  return [reference['kind'], reference['namespace'] ?? object.metadata.namespace, reference['name']].map(asText).join('/');
}

function text(object: KubeObject, ...path: string[]): string {
  return asText(field(object, ...path));
}

function asText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
