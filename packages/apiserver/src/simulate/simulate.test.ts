import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import { computeHealth, createCluster, type Cluster, type ObjectKey } from '@sluice/kube';
import { VirtualTimers } from '@sluice/kube/testing';
import { bootstrap } from '../cluster/bootstrap.js';
import { fieldsOf, itemsOf, numberOf, textOf } from '../kinds/index.js';
import { createApiServer } from '../server/api-server.js';
import { memoryJournal } from '../store/journal.js';
import { Store } from '../store/store.js';
import { startControllers } from './index.js';

const NAMESPACE = 'default';
const KEY = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

interface Play {
  readonly cluster: Cluster;
  readonly timers: VirtualTimers;
  /** How many writes there were. */
  readonly writes: () => number;
  readonly get: (apiVersion: string, kind: string, name: string) => Promise<KubeObject | undefined>;
  readonly list: (apiVersion: string, kind: string) => Promise<readonly KubeObject[]>;
  /** Lets time pass, at most so long, until something holds. */
  readonly until: (what: string, check: () => Promise<boolean>, seconds?: number) => Promise<void>;
}

/** A cluster whose clock stands still, for as long as a test takes. */
async function play(body: (stage: Play) => Promise<void>): Promise<void> {
  const timers = new VirtualTimers();
  const now = (): number => timers.now();
  const store = await Store.open(memoryJournal());
  await bootstrap(store, now());
  const server = createApiServer({ store, serviceAccountKey: KEY.privateKey, staticTokens: new Map(), now });
  const failures: unknown[] = [];
  const controllers = startControllers({
    context: server.context,
    fetch: server.fetch,
    timers,
    simulation: { rootCertificate: 'certificate' },
    onError: (error) => failures.push(error),
  });
  const cluster = createCluster(server.fetch, { timers });
  await timers.pass(100);
  try {
    await body({
      cluster,
      timers,
      writes: () => store.revision,
      get: (apiVersion, kind, name) => cluster.get({ apiVersion, kind, name, namespace: NAMESPACE }),
      list: async (apiVersion, kind) => (await cluster.list({ apiVersion, kind, namespace: NAMESPACE })).items,
      async until(what, check, seconds = 10) {
        for (let step = 0; step < seconds * 20; step++) {
          if (await check()) return;
          await timers.pass(50);
        }
        assert.fail(`not within ${seconds} s: ${what}`);
      },
    });
    assert.deepEqual(failures, []);
  } finally {
    controllers.stop();
    await store.close();
  }
}

function template(image = 'app:1', more: object = {}): object {
  return { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'app', image, ...more }] } };
}

function deployment(spec: object = {}, annotations: Record<string, string> = {}): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: NAMESPACE, annotations },
    spec: { selector: { matchLabels: { app: 'web' } }, template: template(), ...spec },
  };
}

function health(object: KubeObject | undefined): string {
  return object === undefined ? 'NotFound' : computeHealth(object).status;
}

function waitingReason(pod: KubeObject | undefined): string {
  const [status] = itemsOf(fieldsOf(pod?.['status'])['containerStatuses']);
  return textOf(fieldsOf(fieldsOf(status?.['state'])['waiting'])['reason']);
}

test('a Deployment rolls out, and rolls over without a gap', () =>
  play(async ({ cluster, get, list, until }) => {
    await cluster.create(deployment({ replicas: 4 }));
    assert.notEqual(health(await get('apps/v1', 'Deployment', 'web')), 'Current');
    await until('rolled out', async () => health(await get('apps/v1', 'Deployment', 'web')) === 'Current');
    const pods = await list('v1', 'Pod');
    assert.deepEqual(
      pods.map((pod) => health(pod)),
      ['Current', 'Current', 'Current', 'Current'],
    );
    await cluster.patch({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', namespace: NAMESPACE }, 'merge', {
      spec: { template: { spec: { containers: [{ name: 'app', image: 'app:2' }] } } },
    });
    let fewest = 4;
    let most = 0;
    await until('rolled over', async () => {
      const current = await get('apps/v1', 'Deployment', 'web');
      const all = await list('v1', 'Pod');
      fewest = Math.min(fewest, numberOf(fieldsOf(current?.['status'])['availableReplicas']));
      most = Math.max(most, all.filter(({ metadata }) => metadata.deletionTimestamp === undefined).length);
      return health(current) === 'Current' && all.every((pod) => JSON.stringify(pod['spec']).includes('app:2'));
    });
    assert.deepEqual([fewest, most], [3, 5]);
    const sets = await list('apps/v1', 'ReplicaSet');
    const sizes = sets.map(
      (set) => `${set.metadata.annotations?.['deployment.kubernetes.io/revision']}:${numberOf(fieldsOf(set['spec'])['replicas'])}`,
    );
    assert.deepEqual(sizes.sort(), ['1:0', '2:4']);
    await cluster.delete({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', namespace: NAMESPACE });
    await until('everything gone', async () => (await list('v1', 'Pod')).length + (await list('apps/v1', 'ReplicaSet')).length === 0);
  }));

test('failures are played as annotations say, and healed when they go', () =>
  play(async ({ cluster, get, list, until, timers }) => {
    const key = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', namespace: NAMESPACE };
    const pod = async (): Promise<KubeObject | undefined> => (await list('v1', 'Pod')).at(-1);
    await cluster.create(deployment({ progressDeadlineSeconds: 60 }, { 'sluice.dev/simulate': 'CrashLoopBackOff' }));
    await until('crashing', async () => waitingReason(await pod()) === 'CrashLoopBackOff');
    await timers.pass(62_000);
    await until('out of time', async () => health(await get('apps/v1', 'Deployment', 'web')) === 'Failed');
    await cluster.patch(key, 'merge', { metadata: { annotations: { 'sluice.dev/simulate': 'ImagePullBackOff' } } });
    await until('not pulled', async () => waitingReason(await pod()) === 'ImagePullBackOff');
    await cluster.patch(key, 'merge', { metadata: { annotations: { 'sluice.dev/simulate': null } } });
    await until('healed', async () => health(await get('apps/v1', 'Deployment', 'web')) === 'Current');
  }));

test('slow pods take their time, pending ones do not start', () =>
  play(async ({ cluster, get, list, until, timers }) => {
    await cluster.create(deployment({}, { 'sluice.dev/simulate': 'slow=10s' }));
    await timers.pass(9_000);
    assert.equal(health(await get('apps/v1', 'Deployment', 'web')), 'InProgress');
    await until('ready', async () => health(await get('apps/v1', 'Deployment', 'web')) === 'Current', 2);
    const stuck = { ...deployment(), metadata: { name: 'stuck', namespace: NAMESPACE, annotations: { 'sluice.dev/simulate': 'Pending' } } };
    await cluster.create(stuck);
    await timers.pass(5_000);
    const pod = (await list('v1', 'Pod')).find(({ metadata }) => metadata.name?.startsWith('stuck'));
    assert.match(JSON.stringify(pod?.['status']), /Unschedulable/);
  }));

test('a pod waits for what it refers to', () =>
  play(async ({ cluster, get, list, until, timers }) => {
    await cluster.create(deployment({ template: template('app:1', { envFrom: [{ configMapRef: { name: 'settings' } }] }) }));
    await timers.pass(2_000);
    assert.equal(waitingReason((await list('v1', 'Pod'))[0]), 'CreateContainerConfigError');
    await cluster.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace: NAMESPACE } });
    await until('ready', async () => health(await get('apps/v1', 'Deployment', 'web')) === 'Current');
  }));

test('a StatefulSet starts one after the other, with a claim each', () =>
  play(async ({ cluster, get, list, until }) => {
    await cluster.create({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'db', namespace: NAMESPACE },
      spec: {
        replicas: 3,
        serviceName: 'db',
        selector: { matchLabels: { app: 'web' } },
        template: template(),
        volumeClaimTemplates: [
          { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
        ],
      },
    });
    await until('the second one', async () => (await list('v1', 'Pod')).length === 2);
    assert.equal(health(await get('v1', 'Pod', 'db-0')), 'Current');
    await until('all', async () => health(await get('apps/v1', 'StatefulSet', 'db')) === 'Current');
    assert.deepEqual(
      (await list('v1', 'PersistentVolumeClaim')).map((claim) => [claim.metadata.name, health(claim)]),
      [
        ['data-db-0', 'Current'],
        ['data-db-1', 'Current'],
        ['data-db-2', 'Current'],
      ],
    );
    await cluster.patch({ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', namespace: NAMESPACE }, 'merge', {
      spec: { template: { metadata: { annotations: { a: 'b' } } } },
    });
    await until('updated', async () => {
      const pods = await list('v1', 'Pod');
      return (
        pods.length === 3 &&
        pods.every(({ metadata }) => metadata.annotations?.['a'] === 'b') &&
        health(await get('apps/v1', 'StatefulSet', 'db')) === 'Current'
      );
    });
  }));

test('Jobs complete, or fail when they failed too often; CronJobs start them in time', () =>
  play(async ({ cluster, get, list, until, timers }) => {
    const job = (name: string, annotations: Record<string, string> = {}): KubeObject => ({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name, namespace: NAMESPACE, annotations },
      spec: {
        completions: 3,
        parallelism: 2,
        backoffLimit: 2,
        template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i:1' }] } },
      },
    });
    await cluster.create(job('good'));
    await cluster.create(job('bad', { 'sluice.dev/simulate': 'CrashLoopBackOff' }));
    await until(
      'complete',
      async () =>
        health(await get('batch/v1', 'Job', 'good')) === 'Current' &&
        /"Complete"/.test(JSON.stringify(await get('batch/v1', 'Job', 'good'))),
    );
    assert.equal(fieldsOf((await get('batch/v1', 'Job', 'good'))?.['status'])['succeeded'], 3);
    await until('failed', async () => health(await get('batch/v1', 'Job', 'bad')) === 'Failed');
    await cluster.create({
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'tick', namespace: NAMESPACE },
      spec: {
        schedule: '*/10 * * * *',
        successfulJobsHistoryLimit: 2,
        jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i:1' }] } } } },
      },
    });
    await timers.pass(45 * 60_000);
    await until(
      'a history of two',
      async () => (await list('batch/v1', 'Job')).filter(({ metadata }) => metadata.name?.startsWith('tick-')).length === 2,
    );
    assert.notEqual(fieldsOf((await get('batch/v1', 'CronJob', 'tick'))?.['status'])['lastScheduleTime'], undefined);
  }));

test('Services have endpoints and addresses, budgets and autoscalers their counts', () =>
  play(async ({ cluster, get, list, until }) => {
    await cluster.create({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: NAMESPACE },
      spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
    });
    await cluster.create({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'web', namespace: NAMESPACE },
      spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'web' } } },
    });
    await cluster.create({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'web', namespace: NAMESPACE },
      spec: { minReplicas: 3, maxReplicas: 5, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } },
    });
    await cluster.create(deployment());
    await until('three endpoints', async () => {
      const slice = (await list('discovery.k8s.io/v1', 'EndpointSlice')).find(
        ({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'web',
      );
      return itemsOf(slice?.['endpoints']).filter((endpoint) => fieldsOf(endpoint['conditions'])['ready'] === true).length === 3;
    });
    assert.equal(health(await get('v1', 'Service', 'web')), 'Current');
    await until(
      'a budget',
      async () => fieldsOf((await get('policy/v1', 'PodDisruptionBudget', 'web'))?.['status'])['disruptionsAllowed'] === 1,
    );
  }));

test('owned objects go with their owners: in the foreground before them', () =>
  play(async ({ cluster, get, until }) => {
    const top = await cluster.create(map('top'));
    const middle = await cluster.create(map('middle', top));
    await cluster.create({ ...map('leaf', middle), metadata: { ...map('leaf', middle).metadata, finalizers: ['example.com/hold'] } });
    await cluster.delete(key('top'), { propagationPolicy: 'Foreground' });
    await until('the leaf is going', async () => (await get('v1', 'ConfigMap', 'leaf'))?.metadata.deletionTimestamp !== undefined);
    assert.notEqual(await get('v1', 'ConfigMap', 'middle'), undefined);
    await cluster.patch(key('leaf'), 'merge', { metadata: { finalizers: null } });
    await until(
      'all gone',
      async () => (await get('v1', 'ConfigMap', 'top')) === undefined && (await get('v1', 'ConfigMap', 'middle')) === undefined,
    );
    await cluster.create({ ...map('stray'), metadata: { ...map('stray', top).metadata } });
    await until('one without an owner goes', async () => (await get('v1', 'ConfigMap', 'stray')) === undefined);
  }));

test('a namespace empties, and goes', () =>
  play(async ({ cluster, until }) => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } };
    await cluster.create(namespace);
    await until(
      'an account',
      async () => (await cluster.get({ apiVersion: 'v1', kind: 'ServiceAccount', name: 'default', namespace: 'shop' })) !== undefined,
    );
    await cluster.create({ ...deployment(), metadata: { name: 'web', namespace: 'shop' } });
    await until('pods', async () => (await cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace: 'shop' })).items.length === 1);
    await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: 'shop' });
    await until('gone', async () => (await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: 'shop' })) === undefined);
    assert.equal((await cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace: 'shop' })).items.length, 0);
  }));

test('a cluster in which nothing happens does nothing', () =>
  play(async ({ cluster, get, until, timers, writes }) => {
    await cluster.create(deployment({ replicas: 3 }));
    await until('rolled out', async () => health(await get('apps/v1', 'Deployment', 'web')) === 'Current');
    await timers.pass(60_000);
    const before = writes();
    await timers.pass(3_600_000);
    assert.equal(writes(), before);
  }));

function map(name: string, owner?: KubeObject): KubeObject {
  const reference = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name: owner?.metadata.name ?? '',
    uid: owner?.metadata.uid ?? '',
    blockOwnerDeletion: true,
  };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: NAMESPACE, ...(owner !== undefined && { ownerReferences: [reference] }) },
  };
}

function key(name: string): ObjectKey {
  return { apiVersion: 'v1', kind: 'ConfigMap', name, namespace: NAMESPACE };
}
