import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { chartFiles, createReleases } from '../testing/release.js';
import { startWorld, type World } from '../testing/world.js';

const definition = (group: string, fields: readonly string[]): string => `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.${group}}
spec:
  group: ${group}
  scope: Namespaced
  names: {kind: Thing, plural: things, singular: thing, listKind: ThingList}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, properties: {${fields.map((field) => `${field}: {type: string}`).join(', ')}}}}
`;

const defining = (fields: readonly string[], group: string) =>
  chartFiles({
    'crds/thing.yaml': definition(group, fields),
    'templates/thing.yaml': `apiVersion: ${group}/v1\nkind: Thing\nmetadata: {name: thing}\na: "1"\n`,
  });

const fixed = (value: string): string =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: fixed}\nimmutable: true\nstringData: {k: "${value}"}\n`;

const ONCE = { strategy: { name: 'RemediateOnFailure' }, remediation: { retries: 0 } };

const versions = (group: string) => ({ '1.0.0': defining(['a'], group), '1.1.0': defining(['a', 'b'], group) });

describe('options of a HelmRelease', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
    await world.startControllers();
  });
  after(() => world.close());

  const configMap = async (namespace: string, name: string): Promise<unknown> =>
    (await world.cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name }))?.['data'];

  test('the namespace of the target is made, and that of the records is another', async () => {
    const {
      namespace,
      ready,
      records,
      release,
      delete: remove,
    } = await createReleases(world, undefined, {
      app: { targetNamespace: 'made-for-it', storageNamespace: 'default', releaseName: 'named', install: { createNamespace: true } },
    });
    await ready();
    assert.deepEqual(await configMap('made-for-it', 'named-cm'), { v: 'default', chart: '1.0.0' });
    assert.deepEqual(
      (await records('named', 'default')).map((record) => record.namespace),
      ['made-for-it'],
    );
    assert.deepEqual((await release()).status?.inventory?.entries[0]?.id, 'made-for-it_named-cm__ConfigMap');
    await remove();
    await world.eventually('it is gone', async () => (await release()) === undefined);
    assert.equal(await configMap('made-for-it', 'named-cm'), undefined);
    assert.deepEqual(await records('named', 'default'), []);
    assert.ok(await world.cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: 'made-for-it' }), namespace);
  });

  test('without it, a namespace that is not there is named', async () => {
    const { failed } = await createReleases(world, undefined, { app: { targetNamespace: 'nowhere', install: ONCE } });
    assert.match((await failed(/InstallFailed/)).message, /namespaces "nowhere" not found/);
  });

  test('post-renderers, common metadata and origin labels reach every object', async () => {
    const { namespace, ready, get, release } = await createReleases(world, undefined, {
      app: {
        commonMetadata: { labels: { team: 'a' }, annotations: { note: 'b' } },
        postRenderers: [
          {
            kustomize: {
              patches: [{ target: { kind: 'ConfigMap' }, patch: '- {op: add, path: /data/patched, value: "yes"}' }],
            },
          },
        ],
      },
    });
    await ready();
    const found = await get('ConfigMap', 'app-cm');
    assert.deepEqual(found?.['data'], { v: 'default', chart: '1.0.0', patched: 'yes' });
    assert.equal(found?.metadata.annotations?.['note'], 'b');
    assert.equal(found?.metadata.annotations?.['meta.helm.sh/release-name'], 'app');
    assert.deepEqual(found?.metadata.labels, {
      team: 'a',
      'app.kubernetes.io/managed-by': 'Helm',
      'helm.toolkit.fluxcd.io/name': 'app',
      'helm.toolkit.fluxcd.io/namespace': namespace,
    });
    assert.match((await release()).status?.observedPostRenderersDigest ?? '', /^sha256:/);
  });

  test('definitions are made, brought up to date or left alone, and never deleted', async () => {
    const fieldsOf = async (group: string): Promise<string[]> => {
      const found = await world.cluster.get({
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        name: `things.${group}`,
      });
      const spec = found?.['spec'] as { versions: { schema: { openAPIV3Schema: { properties: object } } }[] } | undefined;
      return Object.keys(spec?.versions[0]?.schema.openAPIV3Schema.properties ?? {});
    };
    const created = await createReleases(world, versions('create.example.com'));
    await created.ready();
    assert.ok(await created.get('Thing', 'thing', 'create.example.com/v1'));
    await created.apply('app', { version: '1.1.0', upgrade: { crds: 'Create' } });
    await created.ready();
    assert.deepEqual(await fieldsOf('create.example.com'), ['a']);
    await created.apply('app', { version: '1.1.0', upgrade: { crds: 'CreateReplace' }, values: { v: 'next' } });
    await created.ready();
    assert.deepEqual(await fieldsOf('create.example.com'), ['a', 'b']);
    await created.delete();
    await world.eventually('it is gone', async () => (await created.release()) === undefined);
    assert.deepEqual(await fieldsOf('create.example.com'), ['a', 'b']);

    const skipped = await createReleases(world, versions('skip.example.com'), { app: { install: { crds: 'Skip', ...ONCE } } });
    assert.match((await skipped.failed(/InstallFailed/)).message, /no matches for kind "Thing" in version "skip.example.com\/v1"/);
    assert.deepEqual(await skipped.phases(), []);
  });

  test('objects that belong to someone else are taken over, unless that is not wanted', async () => {
    const foreign = { apiVersion: 'v1', kind: 'ConfigMap', data: { v: 'theirs' } };
    const { namespace, apply, failed, ready, get, phases } = await createReleases(world, undefined, {});
    await world.cluster.create({
      ...foreign,
      metadata: {
        name: 'app-cm',
        namespace,
        annotations: { 'meta.helm.sh/release-name': 'other', 'meta.helm.sh/release-namespace': namespace },
      },
    });
    await apply('app', { install: { disableTakeOwnership: true, ...ONCE } });
    assert.match(
      (await failed(/InstallFailed/)).message,
      /ConfigMap "app-cm" in namespace "r\d+" exists and cannot be imported into the current release: invalid ownership metadata.*must equal "app": current value is "other"/,
    );
    assert.deepEqual((await get('ConfigMap', 'app-cm'))?.['data'], { v: 'theirs' });
    assert.deepEqual(await phases(), []);
    await apply('app', {});
    await ready();
    assert.deepEqual((await get('ConfigMap', 'app-cm'))?.['data'], { v: 'default', chart: '1.0.0' });
  });

  test('an object with the policy to keep it stays; all else that is not in the next revision goes', async () => {
    const kept = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kept, annotations: {helm.sh/resource-policy: keep}}\n';
    const dropped = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: dropped}\n';
    const {
      ready,
      apply,
      get,
      release,
      delete: remove,
    } = await createReleases(world, {
      '1.0.0': chartFiles({ 'templates/kept.yaml': kept, 'templates/dropped.yaml': dropped }),
      '1.1.0': chartFiles(),
    });
    await ready();
    await apply('app', { version: '1.1.0' });
    await ready();
    assert.ok(await get('ConfigMap', 'kept'));
    assert.equal(await get('ConfigMap', 'dropped'), undefined);
    await remove();
    await world.eventually('it is gone', async () => (await release()) === undefined);
    assert.ok(await get('ConfigMap', 'kept'));
  });

  test('the history is as long as it may be; the uninstalled release may leave it', async () => {
    const {
      ready,
      apply,
      phases,
      release,
      delete: remove,
    } = await createReleases(world, undefined, { app: { maxHistory: 2, uninstall: { keepHistory: true } } });
    await ready();
    for (const v of ['a', 'b', 'c']) {
      await apply('app', { maxHistory: 2, uninstall: { keepHistory: true }, values: { v } });
      await ready();
    }
    assert.deepEqual(await phases(), ['3 superseded', '4 deployed']);
    await remove();
    await world.eventually('it is gone', async () => (await release()) === undefined);
    assert.deepEqual(await phases(), ['3 superseded', '4 uninstalled']);
  });

  test('values are checked against the schema of the chart, unless that is not wanted', async () => {
    const schema = JSON.stringify({ type: 'object', properties: { v: { type: 'string' } } });
    const { failed, ready, apply } = await createReleases(
      world,
      { '1.0.0': chartFiles({ 'values.schema.json': schema }) },
      { app: { values: { v: 1 }, install: ONCE } },
    );
    assert.match((await failed(/InstallFailed/)).message, /at '\/v': got number, want string/);
    await apply('app', { values: { v: 1 }, install: { ...ONCE, disableSchemaValidation: true } });
    await ready();
  });

  test('an upgrade may keep the values of before', async () => {
    const { ready, apply, get } = await createReleases(world, undefined, { app: { values: { v: 'mine' } } });
    await ready();
    await apply('app', { upgrade: { preserveValues: true }, values: { other: 1 } });
    await ready();
    assert.deepEqual((await get('ConfigMap', 'app-cm'))?.['data'], { v: 'mine', chart: '1.0.0' });
  });

  test('a failed upgrade that is to clean up deletes what it has made', async () => {
    const { ready, apply, failed, get } = await createReleases(world, {
      '1.0.0': chartFiles(),
      '1.1.0': chartFiles({
        'templates/a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: added}\n',
        'templates/b.yaml': 'apiVersion: v1\nkind: Service\nmetadata: {name: bad}\nspec: {ports: [{port: 999999}]}\n',
      }),
    });
    await ready();
    await apply('app', { version: '1.1.0', upgrade: { cleanupOnFail: true, ...ONCE } });
    assert.match((await failed(/UpgradeFailed/)).message, /Service "bad" is invalid: .*must be between 1 and 65535/);
    assert.equal(await get('ConfigMap', 'added'), undefined);
    assert.ok(await get('ConfigMap', 'app-cm'));
  });

  test('what can not be changed is told of', async () => {
    const { ready, apply, failed } = await createReleases(world, {
      '1.0.0': chartFiles({ 'templates/s.yaml': fixed('1') }),
      '1.1.0': chartFiles({ 'templates/s.yaml': fixed('2') }),
    });
    await ready();
    await apply('app', { version: '1.1.0', upgrade: ONCE });
    assert.match((await failed(/UpgradeFailed/)).message, /Secret "fixed" is invalid: .*field is immutable when `immutable` is set/);
  });

  test('without server-side apply, what others have changed stays', async () => {
    const { namespace, ready, apply, get, records } = await createReleases(world, undefined, {
      app: { install: { serverSideApply: false } },
    });
    await ready();
    assert.equal((await records())[0]?.apply_method, 'csa');
    const key = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'app-cm' };
    await world.cluster.patch(key, 'merge', { data: { theirs: 'stays' } }, { fieldManager: 'someone' });
    await apply('app', { install: { serverSideApply: false }, values: { v: 'next' } });
    await ready();
    assert.deepEqual((await get('ConfigMap', 'app-cm'))?.['data'], { v: 'next', chart: '1.0.0', theirs: 'stays' });
    assert.equal((await records())[1]?.apply_method, 'csa');
    await apply('app', { upgrade: { serverSideApply: 'enabled' }, values: { v: 'by the server' } });
    await ready();
    assert.deepEqual((await get('ConfigMap', 'app-cm'))?.['data'], { v: 'by the server', chart: '1.0.0', theirs: 'stays' });
  });

  test('a chart under another name is another release', async () => {
    const { namespace, ready, apply, phases, get } = await createReleases(world);
    await ready();
    const { uid } = (await get('ConfigMap', 'app-cm'))!.metadata;
    const other = `other-${namespace}`;
    world.web.charts.add(other, '1.0.0', chartFiles());
    await world.cluster.patch({ apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'HelmRepository', namespace, name: 'repo' }, 'merge', {
      metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': 'now' } },
    });
    await apply('app', {
      chart: { spec: { chart: other, version: '1.0.0', interval: '10m', sourceRef: { kind: 'HelmRepository', name: 'repo' } } },
    });
    await world.eventually('it is made anew', async () => {
      const found = await get('ConfigMap', 'app-cm');
      return found !== undefined && found.metadata.uid !== uid;
    });
    await ready();
    assert.deepEqual(await phases(), ['1 deployed']);
  });
});
