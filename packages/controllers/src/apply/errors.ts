import type { KubeObject } from '@sluice/core';
import { errorMessage, objectId, SluiceError } from '@sluice/core';
import { isConflict, isInvalid, isNotFound, KubeError } from '@sluice/kube';
import { maskMessage } from './mask.js';

/**
 * Whether a refusal says that a field can't be changed. As kubectl has it, any conflict and any invalid object count;
 * webhooks and CEL rules are known by their words.
 */
export function isImmutableError(error: unknown): boolean {
  return isConflict(error) || isInvalid(error) || /is\simmutable|immutable\sfield/.test(errorMessage(error));
}

/** Whether a request could not even be made, for want of a name or namespace. */
export function isRequestInvalid(error: unknown): boolean {
  return error instanceof SluiceError && error.reason === 'KubeRequestInvalid';
}

/** Why an object could not be written, naming it. */
export function applyMessage(object: KubeObject, error: unknown): string {
  return `${objectId(object)} apply failed: ${maskMessage(object, errorMessage(error))}`;
}

/** Why an object does not pass the server's validation, naming it. */
export function dryRunMessage(object: KubeObject, error: unknown): string {
  const subject = objectId(object);
  if (isRequestInvalid(error) && object.metadata.namespace === undefined) {
    return `${subject} namespace not specified: set its metadata.namespace, or spec.targetNamespace of the Kustomization`;
  }
  if (isNotFound(error))
    return `${subject} ${object.metadata.namespace === undefined ? 'namespace not specified' : 'not found'}: ${error.message}`;
  const reason = error instanceof KubeError ? reasonOf(error) : '';
  return `${subject} dry-run failed${reason === '' ? '' : ` (${reason})`}: ${maskMessage(object, errorMessage(error))}`;
}

function reasonOf(error: KubeError): string {
  return error.causes.some(({ reason }) => reason === 'FieldManagerConflict') ? 'FieldManagerConflict' : error.statusReason;
}
