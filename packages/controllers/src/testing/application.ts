import { createHash } from 'node:crypto';
import type { Kustomization } from '@sluice/api';
import { errorMessage, type KubeObject } from '@sluice/core';
import { findCondition, type Condition } from '@sluice/runtime';
import { sourceTreeOf } from '@sluice/sources';
import type { Commit } from './repository.js';
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

/**
 * A namespace of its own, with a source and Kustomizations on it, and ways to look at them. Where Git itself does not
 * matter the source is an ExternalArtifact that is made here: a fetch takes git half a dozen processes.
 */
export async function createApplication(
  world: World,
  files: Readonly<Record<string, string>>,
  specs: Readonly<Record<string, object>> = { app: { path: './' } },
  sourceKind: 'GitRepository' | 'ExternalArtifact' = 'ExternalArtifact',
) {
  const namespace = `t${++count}`;
  await world.cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const source = { sourceRef: { kind: sourceKind, name: 'repo' } };
  const push = await (sourceKind === 'GitRepository' ? repositoryOf : artifactOf)(world, namespace, files);
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
          ...source,
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
  const ready = async (name = 'app'): Promise<Condition> => {
    let last: Condition | undefined;
    try {
      return await world.eventually(`${name} is ready`, async () => {
        last = await condition('Ready', name);
        return last?.status === 'True' && last;
      });
    } catch (error) {
      throw new Error(`${errorMessage(error)}: ${last?.reason} ${last?.message}`, { cause: error });
    }
  };
  const failed = (reason: string, message = /^/, name = 'app'): Promise<Condition> =>
    world.eventually(`${name} fails with ${reason}`, async () => {
      const now = await condition('Ready', name);
      return now?.status === 'False' && now.reason === reason && message.test(now.message) && now;
    });
  const applied = (hash: string, name = 'app'): Promise<unknown> =>
    world.eventually(
      `${name} has applied ${hash}`,
      async () => (await kustomization(name)).status?.lastAppliedRevision === `main@sha1:${hash}`,
    );
  return { namespace, apply, get, kustomization, condition, ready, failed, push, applied };
}

/** Brings a change of the files to the cluster; returns the hash of its revision `main@sha1:<hash>`. */
type Push = (change: Commit) => Promise<string>;

async function repositoryOf(world: World, namespace: string, files: Readonly<Record<string, string>>): Promise<Push> {
  world.git.commit(namespace, { files, message: 'first' });
  const key = keyOfKind('GitRepository', namespace, 'repo');
  const spec = { interval: '10m', url: world.git.urlOf(namespace), ref: { branch: 'main' } };
  await world.cluster.create({ ...key, metadata: { name: 'repo', namespace }, spec });
  return async (change) => {
    const hash = world.git.commit(namespace, change);
    await world.cluster.patch(key, 'merge', { metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': hash } } });
    return hash;
  };
}

async function artifactOf(world: World, namespace: string, files: Readonly<Record<string, string>>): Promise<Push> {
  const current = new Map<string, string>();
  let revisions = 0;
  const key = keyOfKind('ExternalArtifact', namespace, 'repo');
  const spec = { sourceRef: { apiVersion: 'example.com/v1', kind: 'Thing', name: 'repo' } };
  await world.cluster.create({ ...key, metadata: { name: 'repo', namespace }, spec });
  const push: Push = async ({ files: changed = {}, remove = [] }) => {
    for (const [path, content] of Object.entries(changed)) current.set(path, content);
    for (const path of remove) current.delete(path);
    const hash = createHash('sha1').update(`${namespace} ${++revisions}`).digest('hex');
    const owner = { kind: 'ExternalArtifact', namespace, name: 'repo' };
    const options = { revision: `main@sha1:${hash}`, fileName: hash };
    const artifact = await world.store.put(owner, sourceTreeOf(Object.fromEntries(current)), options);
    await world.cluster.patch(key, 'merge', { status: { artifact } }, { subresource: 'status' });
    return hash;
  };
  await push({ files });
  return push;
}
