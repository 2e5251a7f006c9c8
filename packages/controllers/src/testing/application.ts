import type { Kustomization } from '@sluice/api';
import type { KubeObject } from '@sluice/core';
import { findCondition, type Condition } from '@sluice/runtime';
import { keyOfKind, type World } from './world.js';

let count = 0;

/** A manifest of a ConfigMap with one value. */
export function configMap(name: string, data: string, extra = ''): string {
  return `apiVersion: v1
kind: ConfigMap
metadata:
  name: ${name}
${extra}data:
  v: ${data}
`;
}

export function dataOf(object: KubeObject | undefined): unknown {
  return object?.['data'];
}

/** A namespace and repository of its own, with a GitRepository and Kustomizations on it, and ways to look at them. */
export async function createApplication(
  world: World,
  files: Readonly<Record<string, string>>,
  specs: Readonly<Record<string, object>> = { app: { path: './' } },
) {
  const namespace = `t${++count}`;
  await world.cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  world.git.commit(namespace, { files, message: 'first' });
  await world.cluster.create({
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: { name: 'repo', namespace },
    spec: { interval: '10m', url: world.git.urlOf(namespace), ref: { branch: 'main' } },
  });
  const apply = async (name: string, spec: object): Promise<void> => {
    await world.cluster.apply(
      {
        apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
        kind: 'Kustomization',
        metadata: { name, namespace },
        spec: {
          interval: '10m',
          retryInterval: '1s',
          prune: true,
          targetNamespace: namespace,
          sourceRef: { kind: 'GitRepository', name: 'repo' },
          ...spec,
        },
      },
      { fieldManager: 'user', force: true },
    );
  };
  for (const [name, spec] of Object.entries(specs)) await apply(name, spec);
  const get = (kind: string, name: string, apiVersion = 'v1'): Promise<KubeObject | undefined> =>
    world.cluster.get({ apiVersion, kind, namespace, name });
  const kustomization = async (name = 'app'): Promise<Kustomization> =>
    (await world.cluster.get<Kustomization>(keyOfKind('Kustomization', namespace, name)))!;
  const condition = async (type: string, name = 'app'): Promise<Condition | undefined> =>
    findCondition((await kustomization(name)).status?.conditions, type);
  const ready = (name = 'app'): Promise<Condition> =>
    world.eventually(`${name} is ready`, async () => {
      const now = await condition('Ready', name);
      return now?.status === 'True' && now;
    });
  const failed = (reason: string, message = /^/, name = 'app'): Promise<Condition> =>
    world.eventually(`${name} fails with ${reason}`, async () => {
      const now = await condition('Ready', name);
      return now?.status === 'False' && now.reason === reason && message.test(now.message) && now;
    });
  const push = async (change: Parameters<World['git']['commit']>[1]): Promise<string> => {
    const hash = world.git.commit(namespace, change);
    await world.cluster.patch(keyOfKind('GitRepository', namespace, 'repo'), 'merge', {
      metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': hash } },
    });
    return hash;
  };
  const applied = (hash: string, name = 'app'): Promise<unknown> =>
    world.eventually(
      `${name} has applied ${hash}`,
      async () => (await kustomization(name)).status?.lastAppliedRevision === `main@sha1:${hash}`,
    );
  return { namespace, apply, get, kustomization, condition, ready, failed, push, applied };
}
