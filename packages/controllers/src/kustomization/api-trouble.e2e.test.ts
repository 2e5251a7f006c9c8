import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { bodyChunks, createCluster, type Fetch, type HttpRequest, type HttpResponse } from '@sluice/kube';
import { configMap, createApplication, dataOf } from '../testing/application.js';
import { fastClock, startWorld, type World } from '../testing/world.js';

/** What the API does with a request: answers so, or never. Undefined is as always. */
type Trouble = (request: HttpRequest) => HttpResponse | 'hangs' | undefined;

/** What is refused in a real cluster is here refused in its words. */
function refusal(code: number, reason: string, message: string, headers: Record<string, string> = {}): HttpResponse {
  const body = JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message, code });
  return { status: code, headers: { 'content-type': 'application/json', ...headers }, body };
}

const isWrite = ({ method, path }: HttpRequest, to: string): boolean =>
  method === 'PATCH' && path.includes(to) && !path.includes('dryRun') && !path.includes('/status');
const isDryRun = ({ method, path }: HttpRequest, of: string): boolean => method === 'PATCH' && path.includes(of) && path.includes('dryRun');

const three = {
  'a.yaml': configMap('a', '"1"'),
  'b.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: b}\nstringData: {v: "1"}\n',
  'c.yaml': 'apiVersion: v1\nkind: Service\nmetadata: {name: c}\nspec: {ports: [{port: 80}]}\n',
};

describe('trouble with the API', { concurrency: 4 }, () => {
  let world: World;
  /** By namespace: the tests run side by side. */
  const troubles = new Map<string, Trouble>();
  const fetch: Fetch = async (request) => {
    const namespace = /\/namespaces\/(t\d+)\//.exec(request.path)?.[1] ?? '';
    const answer = troubles.get(namespace)?.(request);
    if (answer === 'hangs') return await new Promise(() => {});
    if (answer !== undefined) return answer;
    return await world.embedded.fetch(request);
  };

  before(async () => {
    world = await startWorld();
    // Definitions that never come are waited for a minute; nothing else here takes longer than a moment.
    await world.startControllers({ cluster: createCluster(fetch, { timeoutMs: 1500 }), clock: fastClock(10) });
  });
  after(() => world.close());

  /** The Kustomization begins when its trouble is set up. */
  const setUp = async (files: Readonly<Record<string, string>>) => {
    const application = await createApplication(world, files, {});
    return { ...application, begin: () => application.apply('app', { path: './' }) };
  };

  for (const { name, at } of [
    { name: 'too many requests', at: (): HttpResponse => refusal(429, 'TooManyRequests', 'wait', { 'retry-after': '0' }) },
    { name: 'a server that is not ready', at: (): HttpResponse => refusal(503, 'ServiceUnavailable', 'starting') },
    { name: 'an internal error', at: (): HttpResponse => refusal(500, 'InternalError', 'etcdserver: leader changed') },
    { name: 'a conflict', at: (): HttpResponse => refusal(409, 'Conflict', 'the object has been modified') },
  ]) {
    for (const where of ['validation', 'a write', 'the status'] as const) {
      test(`${name} at ${where}: it goes on, and nothing is doubled`, async () => {
        const { ready, kustomization, get, namespace, begin } = await setUp(three);
        let left = 2;
        troubles.set(namespace, (request) => {
          const { path } = request;
          if (left === 0) return undefined;
          const hits =
            where === 'validation'
              ? isDryRun(request, '/secrets/b')
              : where === 'a write'
                ? isWrite(request, '/secrets/b')
                : path.includes('/kustomizations/app/status');
          if (!hits) return undefined;
          left--;
          return at();
        });
        await begin();
        await ready();
        assert.equal(left, 0);
        assert.deepEqual(dataOf(await get('Secret', 'b')), { v: Buffer.from('1').toString('base64') });
        assert.equal((await kustomization()).status?.inventory?.entries.length, 3);
      });
    }
  }

  for (const { name, reason, message } of [
    { name: 'a webhook that denies', reason: 'Forbidden', message: 'admission webhook "policy.example.com" denied the request: no' },
    { name: 'a quota that is used up', reason: 'Forbidden', message: 'secrets "b" is forbidden: exceeded quota: small' },
    { name: 'rights that are missing', reason: 'Forbidden', message: 'secrets "b" is forbidden: User "x" cannot patch resource' },
  ]) {
    test(`${name}, found out before the first write: nothing is written`, async () => {
      const { failed, get, ready, namespace, begin } = await setUp(three);
      troubles.set(namespace, (request) => (isDryRun(request, '/secrets/b') ? refusal(403, reason, message) : undefined));
      await begin();
      assert.match((await failed('ReconciliationFailed')).message, /^Secret\/t\d+\/b dry-run failed \(Forbidden\): .* \[b\.yaml:1\]$/m);
      assert.equal(await get('ConfigMap', 'a'), undefined);
      troubles.delete(namespace);
      await ready();
    });

    test(`${name}, in the middle of a set: what was written is on record, nothing is deleted, and it is made up for`, async () => {
      const { failed, get, ready, kustomization, push, applied, namespace, begin } = await setUp(three);
      await begin();
      await ready();
      troubles.set(namespace, (request) => (isWrite(request, '/secrets/b') ? refusal(403, reason, message) : undefined));
      const commit = await push({
        files: { 'new.yaml': configMap('new', '"1"'), 'b.yaml': three['b.yaml'].replace('"1"', '"2"') },
        remove: ['c.yaml'],
      });
      assert.match(
        (await failed('ReconciliationFailed')).message,
        /^Secret\/t\d+\/b apply failed: .* \[b\.yaml:1\]\nConfigMap\/t\d+\/new created$/m,
      );
      assert.notEqual(await get('Service', 'c'), undefined);
      const names = async () => (await kustomization()).status!.inventory!.entries.map(({ id }) => id.split('_')[1] ?? '').sort();
      assert.deepEqual(await names(), ['a', 'b', 'c', 'new']);
      troubles.delete(namespace);
      await applied(commit);
      assert.equal(await get('Service', 'c'), undefined);
      assert.deepEqual(await names(), ['a', 'b', 'new']);
    });
  }

  test('a webhook that hangs holds up nobody else', async () => {
    const stuck = await setUp(three);
    troubles.set(stuck.namespace, (request) => (isDryRun(request, '/secrets/b') ? 'hangs' : undefined));
    await stuck.begin();
    const other = await setUp(three);
    await other.begin();
    await other.ready();
    assert.match((await stuck.failed('ReconciliationFailed')).message, /Secret\/t\d+\/b dry-run failed: .*no answer within 1\.5 s/);
    assert.equal(await stuck.get('ConfigMap', 'a'), undefined);
    troubles.delete(stuck.namespace);
    await stuck.ready();
  });

  test('an object that is too large is named, and nothing is written', async () => {
    const { failed, get, begin } = await setUp({ ...three, 'big.yaml': configMap('big', `"${'x'.repeat(1_200_000)}"`) });
    await begin();
    const { message } = await failed('ReconciliationFailed');
    assert.match(message, /^ConfigMap\/t\d+\/big dry-run failed/m);
    assert.ok(message.length < 5000);
    assert.equal(await get('ConfigMap', 'a'), undefined);
  });

  test('a definition that is never established is named when the time is up', async () => {
    const crd = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.trouble.example.org}
spec:
  group: trouble.example.org
  scope: Namespaced
  names: {kind: Thing, plural: things, singular: thing, listKind: ThingList}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
`;
    // Definitions are in no namespace: the rule is for all.
    troubles.set('', ({ method, path }) => {
      const isAbout = path.includes('/customresourcedefinitions/things.trouble.example.org') && !path.includes('dryRun');
      if (!isAbout || (method !== 'PATCH' && method !== 'GET')) return undefined;
      const object = {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: 'things.trouble.example.org' },
        status: { conditions: [{ type: 'Established', status: 'False', reason: 'Installing' }] },
      };
      return { status: 200, headers: {}, body: JSON.stringify(object) };
    });
    const { failed, get, begin } = await setUp({ ...three, 'crd.yaml': crd });
    await begin();
    await failed(
      'ReconciliationFailed',
      /timeout waiting for: \[CustomResourceDefinition\/things\.trouble\.example\.org status: 'InProgress'\]/,
    );
    assert.equal(await get('ConfigMap', 'a'), undefined);
  });
});

test('the API server is away for a while: what changed meanwhile is noticed when it is back', async (t) => {
  const world = await startWorld();
  t.after(() => world.close());
  let isDown = false;
  let breakDown: ((reason: Error) => void) | undefined;
  let lives: Promise<never>;
  const goUp = (): void => {
    isDown = false;
    lives = new Promise<never>((_, reject) => (breakDown = reject));
    lives.catch(() => undefined);
  };
  goUp();
  const fetch: Fetch = async (request) => {
    if (isDown) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const response = await world.embedded.fetch(request);
    return request.stream === true ? { ...response, body: untilDown(bodyChunks(response.body), lives) } : response;
  };
  await world.startControllers({ cluster: createCluster(fetch) });
  const { ready, get, namespace, push, applied } = await createApplication(world, three);
  await ready();
  isDown = true;
  breakDown?.(new Error('socket hang up'));
  await world.cluster.patch({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'a' }, 'merge', { data: { v: 'drifted' } });
  await world.cluster.delete({ apiVersion: 'v1', kind: 'Service', namespace, name: 'c' });
  const commit = await push({ files: { 'new.yaml': configMap('new', '"1"') } });
  await new Promise((resolve) => setTimeout(resolve, 700));
  goUp();
  await applied(commit);
  await world.eventually('drift is put right', async () => JSON.stringify(dataOf(await get('ConfigMap', 'a'))) === '{"v":"1"}');
  await world.eventually('what was deleted is back', () => get('Service', 'c'));
});

/** The chunks of a stream, until the other end is gone. */
async function* untilDown(chunks: AsyncIterable<Uint8Array>, lives: Promise<never>): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), lives]);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    void iterator.return?.()?.catch(() => undefined);
  }
}
