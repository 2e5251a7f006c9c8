import { deepEqual, isJsonObject, setOwn } from '@sluice/core';
import { badRequest, Refusal } from '../refusal.js';

const MAX_OPERATIONS = 10_000;

/**
 * JSON patch (RFC 6902) as the real server applies it, which is not quite the standard: `replace` of a missing key of a
 * map adds it, a path without a leading slash starts at its second part, negative indexes count from the end, `test`
 * against a missing key passes for null, and any failure is a bare 422.
 */
export function jsonPatch(target: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations)) throw badRequest('a JSON patch must be a list of operations');
  if (operations.length > MAX_OPERATIONS) {
    throw new Refusal(
      413,
      'RequestEntityTooLarge',
      `Request entity too large: The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${operations.length}`,
    );
  }
  let result = target;
  for (const operation of operations as unknown[]) result = applyOperation(result, isJsonObject(operation) ? operation : {});
  return result;
}

/** All failures look the same to the client. */
function failed(): Refusal {
  return new Refusal(422, 'Invalid', 'the server rejected our request due to an error in our request');
}

function applyOperation(target: unknown, operation: Record<string, unknown>): unknown {
  const { op, value } = operation;
  const path = pointer(operation['path']);
  switch (op) {
    case 'add':
      return edit(target, path, (container, key) => add(container, key, value));
    case 'remove':
      return edit(target, path, remove);
    case 'replace':
      if (operation['path'] === '') {
        if (typeof value !== 'object' || value === null) throw failed();
        return value;
      }
      return edit(target, path, (container, key) => {
        if (!Array.isArray(container)) return withKey(container, key, value);
        const index = indexOf(container, key, container.length - 1);
        return container.with(index, value);
      });
    case 'move': {
      const from = pointer(operation['from']);
      const moved = read(target, from);
      return edit(edit(target, from, remove), path, (container, key) => add(container, key, moved));
    }
    case 'copy': {
      const copied = read(target, pointer(operation['from']));
      return edit(target, path, (container, key) => add(container, key, copied ?? null));
    }
    case 'test': {
      const actual = operation['path'] === '' ? target : read(target, path);
      if (!deepEqual(actual ?? null, value ?? null)) throw failed();
      return target;
    }
    default:
      throw failed();
  }
}

type Container = Record<string, unknown> | readonly unknown[];

/** The parts of a pointer; what is before the first slash is ignored, as the real server does. */
function pointer(path: unknown): readonly string[] {
  if (typeof path !== 'string') throw failed();
  return path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function read(target: unknown, path: readonly string[]): unknown {
  if (path.length === 0) throw failed();
  let value = target;
  for (const [index, key] of path.entries()) {
    if (Array.isArray(value)) value = value[indexOf(value, key, value.length - 1)];
    else if (isJsonObject(value)) value = Object.hasOwn(value, key) ? value[key] : undefined;
    else throw failed();
    if (index < path.length - 1 && (value === undefined || value === null)) throw failed();
  }
  return value;
}

/** The target with the container that a path's last part is in replaced by what `change` makes of it. */
function edit(target: unknown, path: readonly string[], change: (container: Container, key: string) => Container): unknown {
  const [key, ...rest] = path;
  if (key === undefined || (!Array.isArray(target) && !isJsonObject(target))) throw failed();
  if (rest.length === 0) return change(target, key);
  if (Array.isArray(target)) {
    const index = indexOf(target, key, target.length - 1);
    return target.with(index, edit(target[index], rest, change));
  }
  if (!Object.hasOwn(target, key)) throw failed();
  return withKey(target, key, edit(target[key], rest, change));
}

function add(container: Container, key: string, value: unknown): Container {
  // `add` without a value adds null.
  const added = value ?? null;
  if (!Array.isArray(container)) return withKey(container, key, added);
  return container.toSpliced(key === '-' ? container.length : indexOf(container, key, container.length), 0, added);
}

function remove(container: Container, key: string): Container {
  if (Array.isArray(container)) return container.toSpliced(indexOf(container, key, container.length - 1), 1);
  if (!Object.hasOwn(container, key)) throw failed();
  const out = { ...(container as Record<string, unknown>) };
  delete out[key];
  return out;
}

function withKey(container: Container, key: string, value: unknown): Container {
  const out = { ...(container as Record<string, unknown>) };
  setOwn(out, key, value ?? null);
  return out;
}

function indexOf(list: readonly unknown[], key: string, last: number): number {
  if (!/^[+-]?\d+$/.test(key)) throw failed();
  const index = Number(key);
  const resolved = index < 0 ? index + last + 1 : index;
  if (resolved < 0 || resolved > last || list.length < last) throw failed();
  return resolved;
}
