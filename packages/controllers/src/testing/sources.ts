import type { KubeObject } from '@sluice/core';
import { conditionsOf, findCondition, type Condition } from '@sluice/runtime';
import { keyOfKind, type Kind, type World } from './world.js';

/** The objects of one namespace, as a test of sources makes and watches them. */
export interface Sources {
  readonly namespace: string;
  /** Creates or changes an object of a kind. */
  readonly apply: (kind: Kind, name: string, spec: object) => Promise<void>;
  readonly secret: (name: string, stringData: Readonly<Record<string, string>>, type?: string) => Promise<void>;
  readonly get: <T extends KubeObject = KubeObject>(kind: Kind, name: string) => Promise<T>;
  readonly remove: (kind: Kind, name: string) => Promise<void>;
  /** Asks for a pass now. */
  readonly request: (kind: Kind, name: string) => Promise<void>;
  readonly condition: (kind: Kind, name: string, type: string) => Promise<Condition | undefined>;
  /** Waits until the object is ready, and what its artifact is fits. */
  readonly ready: (kind: Kind, name: string, revision?: RegExp) => Promise<Artifact>;
  readonly failed: (kind: Kind, name: string, reason: string, message?: RegExp) => Promise<Condition>;
  /** What was told of an object: `info NewArtifact: …`. */
  readonly told: (kind: Kind, name: string) => string[];
}

interface Artifact {
  readonly revision: string;
  readonly digest: string;
  readonly url: string;
  readonly path: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

export async function sourcesIn(world: World, namespace: string): Promise<Sources> {
  const { cluster } = world;
  await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const get: Sources['get'] = async <T extends KubeObject>(kind: Kind, name: string) =>
    (await cluster.get<T>(keyOfKind(kind, namespace, name)))!;
  const condition: Sources['condition'] = async (kind, name, type) => findCondition(conditionsOf(await get(kind, name)), type);
  return {
    namespace,
    get,
    condition,
    async apply(kind, name, spec) {
      const { apiVersion } = keyOfKind(kind, namespace, name);
      const object = {
        apiVersion,
        kind,
        metadata: { name, namespace },
        spec: { ...(kind === 'ExternalArtifact' ? {} : { interval: '10m' }), ...spec },
      };
      await cluster.apply(object, { fieldManager: 'user', force: true });
    },
    async secret(name, stringData, type = 'Opaque') {
      const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, type, stringData };
      await cluster.apply(object, { fieldManager: 'user', force: true });
    },
    remove: async (kind, name) => void (await cluster.delete(keyOfKind(kind, namespace, name))),
    async request(kind, name) {
      const annotations = { 'reconcile.fluxcd.io/requestedAt': String(process.hrtime.bigint()) };
      await cluster.patch(keyOfKind(kind, namespace, name), 'merge', { metadata: { annotations } });
    },
    ready: (kind, name, revision = /^/) =>
      world.eventually(`${kind}/${name} is ready`, async () => {
        const object = await get(kind, name);
        const { artifact } = (object['status'] ?? {}) as { readonly artifact?: Artifact };
        const isReady = findCondition(conditionsOf(object), 'Ready')?.status === 'True';
        return isReady && artifact !== undefined && revision.test(artifact.revision) && artifact;
      }),
    failed: (kind, name, reason, message = /^/) =>
      world.eventually(`${kind}/${name} fails with ${reason}`, async () => {
        const now = await condition(kind, name, 'Ready');
        return now?.status === 'False' && now.reason === reason && message.test(now.message) && now;
      }),
    told: (kind, name) =>
      world.events
        .filter(({ involvedObject: object, severity }) => {
          return severity !== 'trace' && object.kind === kind && object.namespace === namespace && object.name === name;
        })
        .map(({ severity, reason, message }) => `${severity} ${reason}: ${message}`),
  };
}
