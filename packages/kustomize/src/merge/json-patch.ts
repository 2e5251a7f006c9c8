import { SluiceError, deepEqual, isJsonObject, setOwn, type Json } from '@sluice/core';

/** A JSON 6902 patch, decoded. */
export type JsonPatch = readonly JsonPatchOperation[];

export interface JsonPatchOperation {
  readonly op: string;
  readonly path?: string;
  readonly from?: string;
  /** Absent when the operation has none, which is not the same as null. */
  readonly value?: Json;
}

/** A document that a patch changes in place. */
type Document = Json[] | Record<string, Json>;

/** Reads a patch. Throws with what Go's decoder says. */
export function readJsonPatch(value: Json): JsonPatch {
  if (!Array.isArray(value)) throw invalid(`json: cannot unmarshal ${jsonKind(value)} into Go value of type jsonpatch.Patch`);
  return value.map((operation: Json) => {
    if (!isJsonObject(operation)) throw invalid(`json: cannot unmarshal ${jsonKind(operation)} into Go value of type jsonpatch.Operation`);
    const own = (name: string): Json | undefined => (Object.hasOwn(operation, name) ? operation[name] : undefined);
    const text = (name: string): string | undefined => {
      const field = own(name);
      return typeof field === 'string' ? field : undefined;
    };
    const path = text('path');
    const from = text('from');
    const change = own('value');
    return {
      op: text('op') ?? 'unknown',
      ...(path === undefined ? {} : { path }),
      ...(from === undefined ? {} : { from }),
      ...(change === undefined ? {} : { value: change }),
    };
  });
}

/** Applies a patch to a document and returns the result; the document itself is used up. */
export function applyJsonPatch(document: Json, patch: JsonPatch): Json {
  const root = { document: document as Document };
  for (const operation of patch) applyOperation(root, operation);
  return root.document;
}

function applyOperation(root: { document: Document }, operation: JsonPatchOperation): void {
  switch (operation.op) {
    case 'add':
      return add(
        root.document,
        pathOf(operation, 'add'),
        operation.value ?? null,
        'add operation does not apply: doc is missing path: ',
        true,
      );
    case 'remove':
      return remove(root.document, pathOf(operation, 'remove'));
    case 'replace':
      return replace(root, operation);
    case 'move': {
      const from = fromOf(operation, 'move');
      const value = read(root.document, from, 'move operation does not apply: doc is missing from path: ', 'error in move for path: ');
      const { container, key } = locate(root.document, from)!;
      removeKey(container, key, `error in move for path: '${key}'`);
      return add(
        root.document,
        pathOf(operation, 'move'),
        value ?? null,
        'move operation does not apply: doc is missing destination path: ',
      );
    }
    case 'copy': {
      const from = fromOf(operation, 'copy');
      const value = read(root.document, from, 'copy operation does not apply: doc is missing from path: ', 'error in copy for from: ');
      const path = pathOf(operation, 'copy');
      return add(root.document, path, structuredClone(value ?? null), 'copy operation does not apply: doc is missing destination path: ');
    }
    case 'test':
      return test(root.document, operation);
    default:
      throw invalid(`Unexpected kind: ${operation.op}`);
  }
}

function add(document: Document, path: string, value: Json, missing: string, isQuoted = false): void {
  const place = locate(document, path);
  if (place === undefined) throw invalid(`${missing}${isQuoted ? JSON.stringify(path) : path}: missing value`);
  const { container, key } = place;
  if (!Array.isArray(container)) {
    setOwn(container, key, value);
    return;
  }
  if (key === '-') {
    container.push(value);
    return;
  }
  const length = container.length + 1;
  const index = readIndex(key, `error in add for path: '${path}': value was not a proper array index: '${key}'`);
  if (index >= length || index < -length)
    throw invalid(`error in add for path: '${path}': Unable to access invalid index: ${index}: invalid index referenced`);
  container.splice(index < 0 ? index + length : index, 0, value);
}

function remove(document: Document, path: string): void {
  const place = locate(document, path);
  if (place === undefined) throw invalid(`remove operation does not apply: doc is missing path: ${JSON.stringify(path)}: missing value`);
  removeKey(place.container, place.key, `error in remove for path: '${path}'`);
}

function removeKey(container: Document, key: string, context: string): void {
  if (Array.isArray(container)) {
    container.splice(indexIn(container, key, context), 1);
  } else {
    if (!Object.hasOwn(container, key)) throw invalid(`${context}: Unable to remove nonexistent key: ${key}: missing value`);
    delete container[key];
  }
}

function replace(root: { document: Document }, operation: JsonPatchOperation): void {
  const path = pathOf(operation, 'replace');
  const value = operation.value ?? null;
  if (path === '') {
    if (typeof value !== 'object' || value === null) throw invalid('replace operation value must be object or array');
    root.document = value as Document;
    return;
  }
  const place = locate(root.document, path);
  if (place === undefined) throw invalid(`replace operation does not apply: doc is missing path: ${path}: missing value`);
  const { container, key } = place;
  if (Array.isArray(container)) {
    container[indexIn(container, key, `replace operation does not apply: doc is missing key: ${path}`)] = value;
  } else {
    // A key that is not there is set all the same: so does the library that kustomize uses.
    setOwn(container, key, value);
  }
}

function test(document: Document, operation: JsonPatchOperation): void {
  const path = pathOf(operation, 'test');
  const actual =
    path === '' ? document : read(document, path, 'test operation does not apply: is missing path: ', 'error in test for path: ');
  const isEqual = operation.value === undefined ? actual === undefined : deepEqual(actual ?? null, operation.value);
  if (!isEqual) throw invalid(`testing value ${path} failed: test failed`);
}

/** The value at a path; undefined for a key that a mapping does not have. */
function read(document: Document, path: string, missing: string, context: string): Json | undefined {
  const place = locate(document, path);
  if (place === undefined) throw invalid(`${missing}${path}: missing value`);
  const { container, key } = place;
  if (Array.isArray(container)) return container[indexIn(container, key, `${context}'${path}'`)];
  return Object.hasOwn(container, key) ? container[key] : undefined;
}

interface Place {
  readonly container: Document;
  readonly key: string;
}

/** The mapping or list that a path ends in, and the key there. */
function locate(document: Document, path: string): Place | undefined {
  const parts = path.split('/');
  if (parts.length < 2) return undefined;
  let container: Document = document;
  for (const part of parts.slice(1, -1)) {
    const key = decodeKey(part);
    const next: Json | undefined = Array.isArray(container)
      ? elementAt(container, key)
      : Object.hasOwn(container, key)
        ? container[key]
        : undefined;
    if (typeof next !== 'object' || next === null) return undefined;
    container = next as Document;
  }
  return { container, key: decodeKey(parts.at(-1) ?? '') };
}

function elementAt(list: Json[], key: string): Json | undefined {
  if (!/^[-+]?\d+$/.test(key)) return undefined;
  return list.at(Number(key));
}

function decodeKey(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** An index of an element that is there; negative ones count from the end. */
function indexIn(list: Json[], key: string, context: string): number {
  const index = readIndex(key, context);
  if (index >= list.length || index < -list.length)
    throw invalid(`${context}: Unable to access invalid index: ${index}: invalid index referenced`);
  return index < 0 ? index + list.length : index;
}

function readIndex(key: string, context: string): number {
  if (!/^[-+]?\d+$/.test(key)) throw invalid(`${context}: strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`);
  return Number(key);
}

function pathOf({ path }: JsonPatchOperation, name: string): string {
  if (path === undefined) throw invalid(`${name} operation failed to decode path: operation missing path field: missing value`);
  return path;
}

function fromOf({ from }: JsonPatchOperation, name: string): string {
  if (from === undefined) throw invalid(`${name} operation failed to decode from: operation, missing from field: missing value`);
  return from;
}

function jsonKind(value: Json): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
}

function invalid(message: string): SluiceError {
  return new SluiceError('PatchInvalid', message);
}
