/**
 * The object engine: what a kind's objects look like, and what writes do to them. Pure functions over JSON.
 *
 * A write goes `decodeObject` → defaults (kinds) → `trackUpdate` → validation → `keepUnchanged`;
 * an apply `applyObject` → defaults → validation → `keepUnchanged`.
 *
 * @module
 */
export { ApplyConflict } from './apply/conflict.js';
export { applyObject } from './apply/apply-object.js';
export { FieldSet } from './apply/field-set.js';
export { keepUnchanged, trackUpdate } from './apply/track-update.js';
export type { Versions } from './apply/versions.js';
export { decodeChecked, type DecodedObject, decodeObject } from './decode/decode-object.js';
export { validateEmbedded } from './decode/embedded.js';
export { parseYamlBody } from './decode/parse-body.js';
export { openApiV2, openApiV3 } from './openapi/document.js';
export { encodeOpenApi } from './openapi/protobuf.js';
export type { OpenApiResource } from './openapi/resource.js';
export { patchObject } from './patch/patch-object.js';
export { jsonPatch } from './patch/json-patch.js';
export { mergePatch } from './patch/merge-patch.js';
export { strategicMerge } from './patch/strategic-merge.js';
export { internal, Refusal } from './refusal.js';
export { builtinKinds, builtinType } from './types/builtin.js';
export { canonicalObject, emptyObject } from './types/canonical.js';
export { customType } from './types/custom.js';
export type { ObjectType } from './types/object-type.js';
