import assert from 'node:assert/strict';
import type { Condition } from '@sluice/runtime';
import { conditionsOf } from '@sluice/runtime';
import type { JsonObject, KubeObject } from '@sluice/core';
import { configMap, keyOfKind, startWorld, type Kind, type World } from '@sluice/controllers/testing';
import { gitApplication } from '../git-application.js';

type WorldOptions = NonNullable<Parameters<World['startControllers']>[0]>;

/** A cluster with controllers, and a healthy Kustomization in it that must go on whatever a case does. */
export interface Arena {
  readonly world: World;
  /** Fails unless the healthy Kustomization still follows its repository. */
  goesOn(): Promise<void>;
  /** A namespace of its own, with an object of a source. */
  source(kind: Kind, spec: JsonObject): Promise<Subject>;
  close(): Promise<void>;
}

/** An object that something is done to. */
export interface Subject {
  readonly namespace: string;
  get(): Promise<KubeObject>;
  patch(spec: JsonObject): Promise<void>;
  request(): Promise<void>;
  /** Waits for Ready=True or Ready=False, whichever comes. */
  settled(): Promise<Condition>;
  /** Waits for Ready=True. */
  ready(): Promise<Condition>;
  /** Waits for Ready=False with a message. */
  refused(message: RegExp, reason?: RegExp): Promise<Condition>;
}

/** Some things take a while on a busy machine. */
const PATIENCE_MS = 120_000;

let count = 0;

export async function openArena(options: WorldOptions = {}): Promise<Arena> {
  const world = await startWorld();
  await world.startControllers({ backoff: { firstMs: 200, longestMs: 2_000 }, ...options });
  const bystander = await gitApplication(world, { 'a.yaml': configMap('a', '"0"') });
  await bystander.ready();
  let commits = 0;
  return {
    world,
    async goesOn() {
      await bystander.applied(await bystander.push({ files: { 'a.yaml': configMap('a', `"${++commits}"`) } }));
    },
    async source(kind, spec) {
      const namespace = `h${++count}`;
      await world.cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
      return create(world, kind, namespace, spec);
    },
    close: () => world.close(),
  };
}

/** Makes an object named `x`; refused by the API's validation, it throws. */
export async function create(world: World, kind: Kind, namespace: string, spec: JsonObject): Promise<Subject> {
  const key = keyOfKind(kind, namespace, 'x');
  const { apiVersion } = key;
  await world.cluster.create({ apiVersion, kind, metadata: { name: 'x', namespace }, spec: { interval: '10m', ...spec } });
  const get = async (): Promise<KubeObject> => (await world.cluster.get(key))!;
  const ready = async (status: RegExp, matches: (found: Condition) => boolean): Promise<Condition> => {
    let last: unknown;
    return world
      .eventually(
        `${kind} has Ready of ${status}`,
        async () => {
          const object = await get();
          const found = conditionsOf(object).find(({ type }) => type === 'Ready');
          last = found;
          return (
            found !== undefined &&
            status.test(found.status) &&
            found.observedGeneration === object.metadata.generation &&
            matches(found) &&
            found
          );
        },
        PATIENCE_MS,
      )
      .catch((error: unknown) => assert.fail(`${String(error)}: ${JSON.stringify(last)}`));
  };
  return {
    namespace,
    get,
    patch: async (change) => void (await world.cluster.patch(key, 'merge', { spec: change })),
    request: async () => {
      const annotations = { 'reconcile.fluxcd.io/requestedAt': String(process.hrtime.bigint()) };
      await world.cluster.patch(key, 'merge', { metadata: { annotations } });
    },
    settled: () => ready(/True|False/, () => true),
    ready: () => ready(/True/, () => true),
    refused: (message, reason = /^/) => ready(/False/, (found) => message.test(found.message) && reason.test(found.reason)),
  };
}

/** The artifact of a source. */
export function artifactOf(object: KubeObject): { readonly path: string; readonly digest: string; readonly revision: string } | undefined {
  return (object['status'] as { artifact?: { path: string; digest: string; revision: string } } | undefined)?.artifact;
}

/** MiB that this process holds. */
export function residentMiB(): number {
  return process.memoryUsage().rss / 1024 ** 2;
}

/** The definition of a kind that may have any fields. */
export function looseDefinition(group: string, version: string, kind: string): KubeObject {
  const plural = `${kind.toLowerCase()}s`;
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: { group, scope: 'Namespaced', names: { kind, plural }, versions: [{ name: version, served: true, storage: true, schema }] },
  };
}
