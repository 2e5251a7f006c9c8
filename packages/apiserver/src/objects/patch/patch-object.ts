import type { KubeObject } from '@sluice/core';
import { goValue, sortedKeys } from '../apply/go-format.js';
import { type DecodedObject, decodeChecked, type FieldValidation, kindFault } from '../decode/decode-object.js';
import { kindOf } from '../decode/decode-value.js';
import { parseJsonBody } from '../decode/parse-body.js';
import { badRequest, Refusal } from '../refusal.js';
import { canonicalObject } from '../types/canonical.js';
import type { ObjectType } from '../types/object-type.js';
import { jsonPatch } from './json-patch.js';
import { mergePatch } from './merge-patch.js';
import { strategicMerge } from './strategic-merge.js';

export interface PatchRequest {
  readonly type: ObjectType;
  readonly live: KubeObject;
  readonly patchType: 'json' | 'merge' | 'strategic';
  /** The body of the request. */
  readonly text: string;
  readonly validation: FieldValidation;
}

/**
 * What a patch makes of an object: decoded, canonical, not defaulted when it is of a built-in kind.
 *
 * @throws {Refusal} 400 for a body that is no patch, 422 for a patch that does not apply or whose result is not of the type
 */
export function patchObject({ type, live, patchType, text, validation }: PatchRequest): DecodedObject {
  const strategicPrefix = patchType === 'strategic' ? '' : 'error decoding patch: ';
  const body = parseJsonBody(text);
  if (body.error !== undefined) throw badRequest(`${strategicPrefix}${body.error}`);
  const patch = body.value;
  checkShape(patchType, patch, strategicPrefix);
  const apply = (object: KubeObject): unknown => {
    if (patchType === 'json') return jsonPatch(object, patch);
    return patchType === 'merge' ? mergePatch(object, patch) : strategicMerge(type.root, object, patch);
  };
  const patched = apply(live);
  const duplicates = body.duplicates.map((warning) => (patchType === 'json' ? `json patch ${warning}` : warning));
  const refuse = (message: string): never => {
    // Go shows the patch when it was strategic, otherwise the patched object: what the patch touched is a map with sorted
    // keys by then, the rest is still as the struct was written.
    const ordered = canonicalObject(type, live);
    const shown =
      patchType === 'strategic' ? goValue(patch) : JSON.stringify(sortedKeys(apply(ordered), type.custom ? undefined : ordered));
    const text = `Invalid value: ${JSON.stringify(shown)}: ${message}`;
    throw new Refusal(422, 'Invalid', ` "" is invalid: patch: ${text}`, [{ reason: 'FieldValueInvalid', message: text, field: 'patch' }]);
  };
  if (typeof patched !== 'object' || patched === null || Array.isArray(patched)) {
    return refuse(`json: cannot unmarshal ${kindOf(patched)} into Go value of type map[string]interface {}`);
  }
  const misnamed = type.custom || patchType === 'strategic' ? undefined : kindFault(type, patched as Record<string, unknown>);
  if (misnamed !== undefined) return refuse(misnamed);
  const source = patchType === 'strategic' ? 'memory' : 'json';
  return decodeChecked({
    type,
    sorted: patchType !== 'strategic',
    value: patched as Record<string, unknown>,
    duplicates,
    validation,
    source,
    refuse,
  });
}

function checkShape(patchType: PatchRequest['patchType'], patch: unknown, prefix: string): void {
  if (patchType === 'json') {
    if (patch !== null && !Array.isArray(patch)) {
      throw badRequest(`${prefix}json: cannot unmarshal ${kindOf(patch)} into Go value of type []handlers.jsonPatchOp`);
    }
    const wrong = (patch ?? []).find(
      (operation: unknown) => typeof operation !== 'object' || operation === null || Array.isArray(operation),
    );
    if (wrong !== undefined && wrong !== null) {
      throw badRequest(`${prefix}json: cannot unmarshal ${kindOf(wrong)} into Go value of type handlers.jsonPatchOp`);
    }
    return;
  }
  if (patch === null) throw badRequest('Invalid JSON Patch');
  if (typeof patch !== 'object' || Array.isArray(patch)) {
    throw badRequest(`${prefix}json: cannot unmarshal ${kindOf(patch)} into Go value of type map[string]interface {}`);
  }
}
