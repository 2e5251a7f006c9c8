import { type KubeObject } from '@sluice/core';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCluster } from '../client/create-cluster.js';
import type { Fetch, HttpResponse } from '../http.js';
import { VirtualTimers } from '../testing/virtual-timers.js';
import { fence } from './fence.js';
import { electLeader, type LeaderElectionOptions } from './leader-election.js';

const PATH = '/apis/coordination.k8s.io/v1/namespaces/sluice/leases';

/** An API with one Lease, and versions that count. */
class LeaseApi {
  lease: KubeObject | undefined;
  /** Whose requests find no way. */
  readonly cutOff = new Set<string>();
  #version = 0;

  fetchFor(identity: string): Fetch {
    return async ({ method, path, body }) => {
      if (this.cutOff.has(identity)) throw Object.assign(new Error('connect EHOSTUNREACH'), { code: 'EHOSTUNREACH' });
      const resource = { name: 'leases', kind: 'Lease', namespaced: true, verbs: [] };
      if (path === '/apis/coordination.k8s.io/v1') return answer(200, { kind: 'APIResourceList', resources: [resource] });
      if (path === '/api' || path === '/apis') return answer(200, { kind: 'APIGroupList', groups: [] });
      const sent = body === undefined ? undefined : (JSON.parse(String(body)) as KubeObject);
      if (method === 'POST' && path === PATH) {
        return this.lease === undefined ? this.#store(sent) : refusal(409, 'AlreadyExists');
      }
      assert.equal(path, `${PATH}/election`);
      if (this.lease === undefined) return refusal(404, 'NotFound');
      if (method === 'GET') return answer(200, this.lease);
      assert.equal(method, 'PUT');
      return sent?.metadata.resourceVersion === this.lease.metadata.resourceVersion ? this.#store(sent) : refusal(409, 'Conflict');
    };
  }

  get spec(): Record<string, unknown> {
    return (this.lease?.['spec'] ?? {}) as Record<string, unknown>;
  }

  #store(lease: KubeObject | undefined): HttpResponse {
    assert.ok(lease);
    this.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(++this.#version) } };
    return answer(200, this.lease);
  }
}

function answer(status: number, body: object): HttpResponse {
  return { status, headers: {}, body: JSON.stringify(body) };
}

function refusal(code: number, reason: string): HttpResponse {
  return answer(code, { kind: 'Status', code, reason, message: reason, details: { name: 'election' } });
}

function candidate(api: LeaseApi, identity: string, timers: VirtualTimers, options: Partial<LeaderElectionOptions> = {}) {
  const cluster = createCluster(api.fetchFor(identity), { timers });
  return electLeader(cluster, { namespace: 'sluice', name: 'election', identity, timers, ...options });
}

test('the first makes the lease and leads; the second waits; when the first stops the second follows', async () => {
  const api = new LeaseApi();
  const timers = new VirtualTimers();
  const leaders: string[] = [];
  const first = candidate(api, 'first', timers);
  await timers.pass(0);
  await first.acquired;
  const second = candidate(api, 'second', timers, { onLeader: (leader) => leaders.push(leader) });
  await timers.pass(120_000);
  assert.deepEqual([first.isLeader(), second.isLeader(), leaders], [true, false, ['first']]);
  assert.equal(api.spec['leaseDurationSeconds'], 35);
  assert.match(String(api.spec['renewTime']), /^2026-01-01T00:0\d:\d\d\.\d{6}Z$/);
  await first.stop();
  assert.equal(api.spec['holderIdentity'], '');
  await timers.pass(15_000);
  assert.deepEqual([first.isLeader(), second.isLeader(), first.lost.aborted], [false, true, true]);
  assert.deepEqual(leaders, ['first', 'second']);
  assert.equal(api.spec['leaseTransitions'], 1);
  await second.stop();
});

test('a leader that is cut off stops leading before another takes over', async () => {
  const api = new LeaseApi();
  const timers = new VirtualTimers();
  const errors: unknown[] = [];
  const first = candidate(api, 'first', timers, { onError: (error) => errors.push(error) });
  await timers.pass(0);
  const second = candidate(api, 'second', timers);
  await timers.pass(20_000);
  api.cutOff.add('first');
  let both = 0;
  let lostAt = 0;
  let takenAt = 0;
  const start = timers.now();
  while (takenAt === 0) {
    await timers.pass(500);
    if (first.isLeader() && second.isLeader()) both++;
    if (!first.isLeader() && lostAt === 0) lostAt = timers.now() - start;
    if (second.isLeader()) takenAt = timers.now() - start;
  }
  assert.equal(both, 0);
  assert.ok(lostAt > 20_000 && lostAt <= 30_500, `lost after ${lostAt} ms`);
  assert.ok(takenAt > lostAt && takenAt < 55_000, `taken after ${takenAt} ms`);
  assert.ok(errors.length > 0);
  await timers.pass(35_000);
  assert.ok(first.lost.aborted);
  await Promise.all([first.stop(), second.stop(), timers.pass(5_000)]);
});

test("others' clocks do not count: a lease is good for its duration from when it was last seen to change", async () => {
  const api = new LeaseApi();
  const timers = new VirtualTimers();
  api.lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'election', namespace: 'sluice', resourceVersion: 'x' },
    spec: { holderIdentity: 'of-yesterday', leaseDurationSeconds: 60, renewTime: '2020-01-01T00:00:00.000000Z', leaseTransitions: 4 },
  };
  const election = candidate(api, 'new', timers);
  await timers.pass(59_000);
  assert.ok(!election.isLeader());
  await timers.pass(15_000);
  assert.ok(election.isLeader());
  assert.equal(api.spec['leaseTransitions'], 5);
  await election.stop();
});

test('of many that take it at once one leads', async () => {
  const api = new LeaseApi();
  const timers = new VirtualTimers();
  const elections = ['a', 'b', 'c', 'd'].map((identity) => candidate(api, identity, timers));
  for (let time = 0; time < 20; time++) {
    await timers.pass(3_000);
    assert.equal(elections.filter((election) => election.isLeader()).length, 1);
  }
  await Promise.all(elections.map((election) => election.stop()));
});

test('who is stopped before it leads is told so, and the deadlines must fit together', async () => {
  const timers = new VirtualTimers();
  const api = new LeaseApi();
  const first = candidate(api, 'first', timers);
  await timers.pass(0);
  const second = candidate(api, 'second', timers);
  const waiting = assert.rejects(second.acquired, { reason: 'LeadershipLost' });
  await second.stop();
  await waiting;
  assert.ok(first.isLeader());
  await first.stop();
  assert.throws(() => candidate(api, 'x', timers, { leaseDurationMs: 10, renewDeadlineMs: 20 }), /must exceed/);
});

test('the fence lets reads through, and writes only while leadership is sure', async () => {
  let leads = true;
  const sent: string[] = [];
  const fetch = fence(
    async ({ method }) => {
      sent.push(method);
      return answer(200, {});
    },
    () => leads,
  );
  await fetch({ method: 'PATCH', path: '/a', headers: {} });
  leads = false;
  await fetch({ method: 'GET', path: '/a', headers: {} });
  await assert.rejects(fetch({ method: 'PATCH', path: '/a?b=c', headers: {} }), /PATCH \/a was not sent: this process no longer leads/);
  assert.deepEqual(sent, ['PATCH', 'GET']);
});
