import type { KubeObject } from '@sluice/core';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCluster } from '../client/create-cluster.js';
import type { Fetch, HttpResponse } from '../http.js';
import { VirtualTimers } from '../testing/virtual-timers.js';
import { createEventRecorder, type CoreEvent, type EventNote } from './event-recorder.js';

const OBJECT: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace: 'apps', name: 'web', uid: 'u', resourceVersion: '7' },
};
const note = (message: string): EventNote => ({ type: 'Normal', reason: 'Tested', message });

function json(status: number, body: unknown): HttpResponse {
  return { status, headers: {}, body: JSON.stringify(body) };
}

/** An API that keeps Events. */
function start(refuse: (method: string) => { status: number; reason: string } | undefined = () => undefined) {
  const timers = new VirtualTimers();
  const events = new Map<string, CoreEvent>();
  const requests: string[] = [];
  const errors: unknown[] = [];
  const fetch: Fetch = async ({ method, path, body }) => {
    if (path === '/api') return json(200, { kind: 'APIVersions', versions: ['v1'] });
    if (path === '/apis') return json(200, { kind: 'APIGroupList', groups: [] });
    if (path === '/api/v1') {
      return json(200, { kind: 'APIResourceList', resources: [{ name: 'events', kind: 'Event', namespaced: true, verbs: [] }] });
    }
    requests.push(method);
    const refusal = refuse(method);
    if (refusal !== undefined) return json(refusal.status, { kind: 'Status', code: refusal.status, reason: refusal.reason, message: 'no' });
    const sent = JSON.parse(String(body)) as CoreEvent;
    const [, namespace, , name = sent.metadata?.name ?? ''] = path.replace('/api/v1', '').slice(1).split('/');
    assert.ok(namespace);
    const old = events.get(name);
    if (method === 'PATCH' && old === undefined) return json(404, { kind: 'Status', code: 404, reason: 'NotFound', details: { name } });
    const event = { ...old, ...sent };
    events.set(name, event);
    return json(200, event);
  };
  const recorder = createEventRecorder(createCluster(fetch, { timers }), {
    component: 'tester',
    timers,
    onError: (error) => errors.push(error),
  });
  const written = () => [...events.values()].map(({ message, count }) => `${count}x ${message}`);
  return { timers, events, requests, errors, recorder, written };
}

test('an event is written with all that people look for in it', async () => {
  const { recorder, events } = start();
  recorder.record(OBJECT, { ...note('it works'), annotations: { revision: 'main@sha1:1' } });
  await recorder.flush();
  const [event] = events.values();
  const { name, ...metadata } = event?.metadata ?? {};
  assert.match(name ?? '', /^web\.[0-9a-f]{16}$/);
  assert.deepEqual(
    { ...event, metadata },
    {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace: 'apps', annotations: { revision: 'main@sha1:1' } },
      involvedObject: { kind: 'Deployment', apiVersion: 'apps/v1', name: 'web', namespace: 'apps', uid: 'u', resourceVersion: '7' },
      reason: 'Tested',
      message: 'it works',
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
      count: 1,
      type: 'Normal',
      source: { component: 'tester' },
      reportingComponent: 'tester',
      reportingInstance: '',
    },
  );
});

test('the same again counts up, also when the object has changed; another message does not', async () => {
  const { recorder, written, requests } = start();
  recorder.record(OBJECT, note('a'));
  recorder.record({ ...OBJECT, metadata: { ...OBJECT.metadata, resourceVersion: '8' } }, note('a'));
  recorder.record(OBJECT, note('b'));
  await recorder.flush();
  assert.deepEqual(written(), ['2x a', '1x b']);
  assert.deepEqual(requests, ['POST', 'PATCH', 'POST']);
});

test('an event that has expired begins anew', async () => {
  const { recorder, written, events, requests } = start();
  recorder.record(OBJECT, note('a'));
  await recorder.flush();
  events.clear();
  recorder.record(OBJECT, note('a'));
  await recorder.flush();
  assert.deepEqual(requests, ['POST', 'PATCH', 'POST']);
  assert.equal(written().length, 1);
});

test('many that differ only in their message are combined', async () => {
  const { recorder, written } = start();
  for (let index = 0; index < 14; index++) recorder.record(OBJECT, note(`try ${index}`));
  await recorder.flush();
  assert.deepEqual(written().slice(8), ['1x try 8', '5x (combined from similar events): try 13']);
});

test('an object that has too much to tell is cut off, and may speak again later', async () => {
  const { recorder, requests, timers } = start();
  const notes = (count: number, prefix: string) => {
    for (let index = 0; index < count; index++) recorder.record(OBJECT, { type: 'Normal', reason: `${prefix}${index}`, message: 'x' });
  };
  notes(40, 'A');
  await recorder.flush();
  assert.equal(requests.length, 25);
  recorder.record(OBJECT, { type: 'Warning', reason: 'Failed', message: 'x' });
  await recorder.flush();
  assert.equal(requests.length, 26, 'warnings have a measure of their own');
  await timers.pass(5 * 60_000);
  notes(3, 'B');
  await recorder.flush();
  assert.equal(requests.length, 27);
});

test('what fails in passing is tried again; what is refused is told and dropped; what a dying namespace refuses is dropped', async () => {
  let failures = 2;
  const flaky = start(() => (failures-- > 0 ? { status: 500, reason: 'InternalError' } : undefined));
  flaky.recorder.record(OBJECT, note('a'));
  await flaky.timers.pass(60_000);
  assert.deepEqual([flaky.written(), flaky.errors], [['1x a'], []]);
  const strict = start(() => ({ status: 422, reason: 'Invalid' }));
  strict.recorder.record(OBJECT, note('a'));
  await strict.recorder.flush();
  assert.equal(strict.errors.length, 1);
  const dying = start(() => ({ status: 403, reason: 'Forbidden' }));
  dying.recorder.record(OBJECT, note('a'));
  await dying.recorder.flush();
  assert.equal(dying.errors.length, 0);
});

test('a queue that nobody empties is bounded, and stopping drops it', async () => {
  const { recorder, errors, timers } = start(() => ({ status: 500, reason: 'InternalError' }));
  for (let index = 0; index < 1_010; index++) recorder.record(OBJECT, note(`${index}`));
  assert.match(String(errors[0]), /an event about Deployment web is dropped: 1000 are waiting/);
  await timers.pass(1_000);
  recorder.stop();
  await recorder.flush();
  recorder.record(OBJECT, note('late'));
  await recorder.flush();
});
