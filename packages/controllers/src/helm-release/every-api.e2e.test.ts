import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { chartFiles, createReleases } from '../testing/release.js';
import { keyOfKind, realKubeconfig, startRealWorld, startWorld, type WorldOver } from '../testing/world.js';

const definition = (group: string): string => `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.${group}}
spec:
  group: ${group}
  names: {kind: Gadget, plural: gadgets}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`;
/** With `stuck` it says for ever that it is not ready. */
const gadget = (group: string): string => `apiVersion: ${group}/v1
kind: Gadget
metadata: {name: g}
size: 1
{{- if .Values.stuck }}
status: {conditions: [{type: Ready, status: "False", reason: Stuck, message: ""}]}
{{- end }}
`;
const service = `apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: {{ .Values.port | default 80 }}}]}
`;
const immutable = `apiVersion: v1
kind: ConfigMap
metadata: {name: fixed}
immutable: true
data: {v: {{ .Values.fixed | default "a" | quote }}}
`;
const hook = `apiVersion: v1
kind: ConfigMap
metadata: {name: hook, annotations: {helm.sh/hook: "pre-install,pre-upgrade"}}
data: {v: {{ .Values.v | quote }}}
`;

const clusters: { name: string; start: () => Promise<WorldOver> }[] = [{ name: 'the embedded cluster', start: startWorld }];
if (realKubeconfig !== undefined) clusters.push({ name: 'a real cluster', start: () => startRealWorld(realKubeconfig!) });

for (const { name: where, start } of clusters) {
  describe(`a HelmRelease in ${where}`, () => {
    let world: WorldOver;
    const namespaces: string[] = [];
    before(async () => {
      world = await start();
      await world.startControllers({ backoff: { firstMs: 100, longestMs: 1_000 } });
    });
    after(() => world.close());

    async function open(spec: Readonly<Record<string, unknown>> = {}) {
      const group = `every${namespaces.length}-${Date.now().toString(36)}.example.com`;
      const files = chartFiles({
        'crds/gadgets.yaml': definition(group),
        'templates/gadget.yaml': gadget(group),
        'templates/service.yaml': service,
        'templates/fixed.yaml': immutable,
        'templates/hook.yaml': hook,
      });
      const { 'templates/gadget.yaml': _gadget, ...fewer } = files;
      const releases = await createReleases(world, { '1.0.0': files, '1.1.0': fewer }, { app: { timeout: '30s', ...spec } });
      const { namespace } = releases;
      namespaces.push(namespace);
      return {
        ...releases,
        gadget: () => world.cluster.get({ apiVersion: `${group}/v1`, kind: 'Gadget', namespace, name: 'g' }),
        removeDefinition: () =>
          world.cluster.delete({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name: `gadgets.${group}` }),
      };
    }

    test('is installed with definitions and hooks, upgraded, and uninstalled with its HelmRelease', async () => {
      const { ready, apply, get, gadget: found, phases, records, release, delete: remove, removeDefinition } = await open();
      await ready();
      assert.deepEqual([(await found())?.['size'], (await get('ConfigMap', 'hook'))?.['data']], [1, { v: 'default' }]);
      const { uid } = (await get('Service', 'web'))!.metadata;
      await apply('app', { timeout: '30s', version: '1.1.0', values: { v: 'next', port: 81 } });
      await ready();
      const web = (await get('Service', 'web')) as
        | { metadata: { uid?: string }; spec?: { ports?: readonly { port: number }[] } }
        | undefined;
      assert.deepEqual([web?.metadata.uid, web?.spec?.ports?.map(({ port }) => port)], [uid, [81]]);
      assert.deepEqual((await get('ConfigMap', 'hook'))?.['data'], { v: 'next' });
      assert.equal(await found(), undefined);
      assert.deepEqual(await phases(), ['1 superseded', '2 deployed'], JSON.stringify((await records()).map(({ info }) => info)));
      await remove();
      await world.eventually('it is gone', async () => (await release()) === undefined);
      assert.deepEqual([await get('Service', 'web'), await get('ConfigMap', 'fixed'), await phases()], [undefined, undefined, []]);
      await removeDefinition();
    });

    test('a change that is refused, as of an immutable field, is rolled back', async () => {
      const remediation = { strategy: { name: 'RemediateOnFailure' }, remediation: { retries: 0, remediateLastFailure: true } };
      const { ready, apply, failed, becomes, get, phases, removeDefinition } = await open();
      await ready();
      await apply('app', { timeout: '30s', values: { fixed: 'b', v: 'other' }, upgrade: remediation });
      assert.match((await becomes('Released', 'False', /UpgradeFailed/)).message, /ConfigMap.*field is immutable/s);
      await becomes('Remediated', 'True', /RollbackSucceeded/);
      await failed(/^/);
      assert.deepEqual((await get('ConfigMap', 'app-cm'))?.['data'], { v: 'default', chart: '1.0.0' });
      assert.deepEqual(await phases(), ['1 superseded', '2 failed', '3 deployed']);
      await removeDefinition();
    });

    test('drift is put right at once', async () => {
      const { namespace, ready, get, removeDefinition } = await open({ driftDetection: { mode: 'enabled' } });
      await ready();
      const key = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'app-cm' };
      await world.cluster.patch(key, 'merge', { data: { v: 'by hand' } }, { fieldManager: 'kubectl-edit' });
      const dataOf = async (): Promise<unknown> => ((await get('ConfigMap', 'app-cm'))?.['data'] as { v?: unknown } | undefined)?.v;
      await world.eventually('the value is back', async () => (await dataOf()) === 'default');
      await world.cluster.delete({ apiVersion: 'v1', kind: 'Service', namespace, name: 'web' });
      await world.eventually('the Service is back', () => get('Service', 'web'));
      await removeDefinition();
    });

    test('killed in the middle of an upgrade, the next start goes on', async () => {
      const { namespace, ready, apply, phases, get, removeDefinition } = await open();
      await ready();
      await apply('app', { timeout: '1m', values: { v: 'second', stuck: true } });
      await world.eventually('it is in the middle', async () => (await phases()).includes('2 pending-upgrade'));
      await world.stopControllers(0);
      await apply('app', { timeout: '30s', values: { v: 'third' } });
      await world.startControllers({ backoff: { firstMs: 100, longestMs: 1_000 } });
      await world.eventually(
        'it is upgraded',
        async () => JSON.stringify((await get('ConfigMap', 'app-cm'))?.['data']).includes('third'),
        40_000,
      );
      await ready();
      assert.deepEqual(await phases(), ['1 superseded', '2 failed', '3 deployed'], namespace);
      await removeDefinition();
    });

    test('a namespace that is deleted takes its HelmReleases along', async () => {
      const left = async (): Promise<unknown[]> => {
        const { items } = await world.cluster.list({ apiVersion: 'v1', kind: 'Namespace' });
        return items.map(({ metadata }) => metadata.name).filter((name) => namespaces.includes(name ?? ''));
      };
      for (const name of await left()) await world.cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: String(name) });
      await world.eventually('they are gone', async () => (await left()).length === 0, 60_000);
      for (const namespace of namespaces) assert.equal(await world.cluster.get(keyOfKind('HelmRelease', namespace, 'app')), undefined);
    });
  });
}
