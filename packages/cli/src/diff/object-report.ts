import { deepEqual, isJsonObject, type Json, type KubeObject } from '@sluice/core';
import type { ObjectDiff } from '@sluice/controllers';
import { differences } from './differences.js';
import { differenceReport } from './report.js';

/** What would become of an object, and where it would differ from what is there; empty when it stays as it is. */
export function objectReport(diff: ObjectDiff, isMasked = false): string {
  const { kind, namespace, name } = diff.reference;
  const subject = [kind, ...(namespace === '' ? [] : [namespace]), name].join('/');
  if (diff.action === 'created' || diff.action === 'deleted' || diff.action === 'skipped') return `► ${subject} ${diff.action}\n`;
  const { live, merged } = diff;
  if (diff.action !== 'configured' || live === undefined || merged === undefined) return '';
  const [before, after] = isMasked ? [withHiddenData(live), withHiddenData(merged)] : [live, merged];
  // Of values that nobody here can read, only the keys say something.
  if (isMasked && deepEqual(keysOf(before), keysOf(after))) return '';
  return `► ${subject} drifted\n${differenceReport(differences(before as unknown as Json, after as unknown as Json))}`;
}

function withHiddenData(secret: KubeObject): KubeObject {
  return { ...secret, data: Object.fromEntries(keysOf(secret).map((key) => [key, '*****'])) };
}

function keysOf(secret: KubeObject): string[] {
  return isJsonObject(secret['data']) ? Object.keys(secret['data']).toSorted() : [];
}
