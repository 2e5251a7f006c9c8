import type { PrinterColumn } from '../dsl/custom-resource.js';
import { choice, integer, list, map, object, required, string, type Static } from '../dsl/schema.js';

/** One aspect of an object's state. */
export const condition = object('One aspect of the state of this object.', {
  lastTransitionTime: required(string('When the status of this condition last changed.', { format: 'date-time' })),
  message: required(string('What happened, for a person; may be empty.', { maxLength: 32768 })),
  observedGeneration: integer('The generation of the object that this condition is about.', { format: 'int64', minimum: 0 }),
  reason: required(
    string('Why, as a word that programs may match on.', {
      maxLength: 1024,
      minLength: 1,
      pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
    }),
  ),
  status: required(choice('Whether the condition holds.', ['True', 'False', 'Unknown'])),
  type: required(
    string('Which aspect, such as Ready.', {
      maxLength: 316,
      pattern: String.raw`^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$`,
    }),
  ),
});
export type Condition = Static<typeof condition>;

export const conditions = list('What is known about the state of this object.', condition);

/** The status fields of every kind that is reconciled. */
export const reconcileStatus = {
  conditions,
  lastHandledReconcileAt: string('The value of the annotation reconcile.fluxcd.io/requestedAt that was last acted upon.'),
  observedGeneration: integer('The generation of the object that was last acted upon.', { format: 'int64' }),
};

/** Nothing observed yet: what a new object's status is before its first reconciliation. */
export const unobserved = { default: { observedGeneration: -1 } };

/** A file that a source produced, as its consumers find it. */
export const artifact = object('The files that were last produced, and where to get them.', {
  digest: required(
    string('The digest of the file: algorithm and checksum.', { pattern: '^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$' }),
  ),
  lastUpdateTime: required(string('When it was produced.', { format: 'date-time' })),
  metadata: map('What the origin says about it, such as OCI annotations.', string('')),
  path: required(string('Where it lies in the artifact storage.')),
  revision: required(string('Which state of the origin it holds, such as main@sha1:… for a Git branch.')),
  size: integer('Its size in bytes.', { format: 'int64' }),
  url: required(string('The address to fetch it from.')),
});
export type Artifact = Static<typeof artifact>;

/** What sources of the first generation recorded of their files. */
export const artifactV1beta1 = object('The files that were last produced, and where to get them.', {
  checksum: string('The SHA-256 checksum of the file.'),
  lastUpdateTime: required(string('When it was produced.', { format: 'date-time' })),
  path: required(string('Where it lies in the artifact storage.')),
  revision: string('Which state of the origin it holds.'),
  url: required(string('The address to fetch it from.')),
});

export const ageColumn: PrinterColumn = { jsonPath: '.metadata.creationTimestamp', name: 'Age', type: 'date' };
const readyColumn: PrinterColumn = { jsonPath: '.status.conditions[?(@.type=="Ready")].status', name: 'Ready', type: 'string' };
const statusColumn: PrinterColumn = { jsonPath: '.status.conditions[?(@.type=="Ready")].message', name: 'Status', type: 'string' };
export const readyColumns: readonly PrinterColumn[] = [readyColumn, statusColumn];
