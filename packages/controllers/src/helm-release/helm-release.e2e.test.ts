import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { chartFiles, createReleases } from '../testing/release.js';
import { startWorld, type World } from '../testing/world.js';

describe('a HelmRelease, from the chart to the cluster', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
    await world.startControllers();
  });
  after(() => world.close());

  test('is installed, upgraded by version and by values, and uninstalled', async () => {
    const {
      apply,
      ready,
      get,
      phases,
      release,
      namespace,
      delete: remove,
    } = await createReleases(world, {
      '1.0.0': chartFiles(),
      '1.1.0': chartFiles(),
    });
    assert.equal((await ready()).reason, 'InstallSucceeded');
    assert.deepEqual((await get('ConfigMap', 'app-cm'))?.['data'], { v: 'default', chart: '1.0.0' });
    await apply('app', { version: '1.1.0' });
    await ready();
    await apply('app', { version: '1.1.0', values: { v: 'mine' } });
    await ready();
    assert.deepEqual((await get('ConfigMap', 'app-cm'))?.['data'], { v: 'mine', chart: '1.1.0' });
    assert.deepEqual(await phases(), ['1 superseded', '2 superseded', '3 deployed']);
    const { status } = await release();
    assert.equal(status?.inventory?.entries[0]?.id, `${namespace}_app-cm__ConfigMap`);
    assert.deepEqual(
      status?.history?.map(({ version, status: phase, chartVersion }) => [version, phase, chartVersion]),
      [
        [3, 'deployed', '1.1.0'],
        [2, 'superseded', '1.1.0'],
      ],
    );
    await remove();
    await world.eventually('it is gone', async () => (await release()) === undefined);
    assert.equal(await get('ConfigMap', 'app-cm'), undefined);
    assert.deepEqual(await phases(), []);
    assert.equal(await get('HelmChart', `${namespace}-app`, 'source.toolkit.fluxcd.io/v1'), undefined);
  });
});
