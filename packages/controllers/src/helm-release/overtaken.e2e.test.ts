import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { healDeployment } from '../testing/health.js';
import { chartFiles, createReleases } from '../testing/release.js';
import { keyOfKind, startWorld, type World } from '../testing/world.js';

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, annotations: {v: "{{ .Values.v }}"}}
spec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: web}]}}
`;

const ONCE = { strategy: { name: 'RemediateOnFailure' }, remediation: { retries: 0 } };

describe('a HelmRelease that waits for health', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
    await world.startControllers();
  });
  after(() => world.close());

  /** A release whose Deployment gets ready when it is told to. */
  async function waiting() {
    const releases = await createReleases(
      world,
      { '1.0.0': chartFiles({ 'templates/web.yaml': deployment }) },
      { app: { timeout: '1m', install: ONCE, upgrade: ONCE } },
    );
    const { namespace, get } = releases;
    await world.eventually('the Deployment is there', () => get('Deployment', 'web', 'apps/v1'));
    return { ...releases, heal: () => healDeployment(world.cluster, namespace, 'web') };
  }
  const failuresToldOf = (namespace: string): unknown[] =>
    world.events.filter(({ severity, involvedObject }) => severity === 'error' && involvedObject.namespace === namespace);

  test('goes on when its chart is said to be ready again, with the artifact that it has', async () => {
    const { namespace, heal, ready, phases } = await waiting();
    const chart = keyOfKind('HelmChart', namespace, `${namespace}-app`);
    const stalled = async (status: 'True' | 'False'): Promise<void> => {
      const now = (await world.cluster.get(chart))! as { status?: { conditions?: readonly { readonly type: string }[] } };
      const others = (now.status?.conditions ?? []).filter(({ type }) => type !== 'Stalled');
      const condition = { type: 'Stalled', status, reason: 'Told', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' };
      await world.cluster.patch(chart, 'merge', { status: { conditions: [...others, condition] } }, { subresource: 'status' });
    };
    await stalled('True');
    await stalled('False');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await heal();
    await ready();
    assert.deepEqual(await phases(), ['1 deployed']);
    assert.deepEqual(failuresToldOf(namespace), []);
  });

  test('stops waiting for what somebody asks to be looked at again, which is no failure', async () => {
    const { namespace, heal, ready, request, phases, release, becomes } = await waiting();
    await request();
    await world.eventually('it starts anew', async () => (await phases()).join() === '1 failed,2 pending-upgrade');
    assert.match(
      (await becomes('Released', 'False', /InstallFailed/)).message,
      /health checks canceled due to new reconciliation triggered/,
    );
    assert.equal((await release()).status?.failures, undefined);
    await heal();
    await ready();
    assert.deepEqual(await phases(), ['1 superseded', '2 deployed']);
    assert.deepEqual(failuresToldOf(namespace), []);
  });

  test('takes the next change at once', async () => {
    const { namespace, heal, ready, apply, phases, get } = await waiting();
    await apply('app', { timeout: '1m', install: ONCE, upgrade: ONCE, values: { v: 'second' } });
    const isSecond = async (): Promise<boolean> => (await get('Deployment', 'web', 'apps/v1'))?.metadata.annotations?.['v'] === 'second';
    await world.eventually('the change is there', isSecond);
    await heal();
    await ready();
    assert.deepEqual(await phases(), ['1 superseded', '2 deployed']);
    assert.deepEqual(failuresToldOf(namespace), []);
  });
});
