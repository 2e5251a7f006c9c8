import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchAlert, type AlertSpec } from './alert.js';
import { readEvent } from './event.js';
import { recordedCases } from './testing/conformance.js';
import { rateLimitKey, withoutForeignMetadata } from './metadata.js';

interface AlertCase {
  readonly name: string;
  readonly event: unknown;
  readonly alertSpec: AlertSpec;
  readonly alertNamespace: string;
  readonly matches: boolean;
  readonly involvedObjectLabels?: Readonly<Record<string, string>>;
  readonly alertEvents?: readonly string[];
}

const alerts = recordedCases<AlertCase>('alerts.json');
if (alerts === undefined) void test('recorded alerts', { skip: 'the conformance data is not there' }, () => {});
for (const recorded of alerts ?? []) {
  void test(recorded.name, () => {
    const { alertSpec, alertNamespace, event } = recorded;
    const match = matchAlert(alertSpec, alertNamespace, readEvent(event), () => recorded.involvedObjectLabels);
    assert.equal(match.matches, recorded.matches);
    assert.deepEqual(
      match.faults.map(({ reason, message }) => `Warning ${reason} ${message}`),
      recorded.alertEvents ?? [],
    );
  });
}

interface KeyCase {
  readonly name: string;
  readonly event: unknown;
  readonly metadataKeysAfterCleanup: readonly string[] | null;
  readonly rateLimitKey: string;
}

const keys = recordedCases<KeyCase>('rate-limit-keys.json');
if (keys === undefined) void test('recorded keys of repeated events', { skip: 'the conformance data is not there' }, () => {});
for (const recorded of keys ?? []) {
  void test(recorded.name, () => {
    const event = withoutForeignMetadata(readEvent(recorded.event));
    assert.deepEqual(Object.keys(event.metadata).toSorted(), recorded.metadataKeysAfterCleanup ?? []);
    assert.equal(rateLimitKey(event), recorded.rateLimitKey);
  });
}
