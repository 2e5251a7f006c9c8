import { type MapShape, type TypeNode, untypedDeduced } from '../types/type-node.js';
import { compareElements, fieldOf, parsePathElement, type PathElement } from './path-element.js';

/** What a set says of one element of a path. */
export interface Entry {
  /** Whether the path itself is in the set, not only something below it. */
  readonly member: boolean;
  /** What is in the set below the path; never an empty set. */
  readonly child: FieldSet | undefined;
}

/**
 * A set of field paths: what a manager owns. Immutable once it has left its builder; operations share what they do not
 * change. Parents are not implied: `.data.x` may be in the set without `.data`.
 */
export class FieldSet {
  static readonly empty = new FieldSet(new Map());

  readonly #entries: ReadonlyMap<PathElement, Entry>;

  private constructor(entries: ReadonlyMap<PathElement, Entry>) {
    this.#entries = entries;
  }

  static of(entries: ReadonlyMap<PathElement, Entry>): FieldSet {
    return entries.size === 0 ? FieldSet.empty : new FieldSet(entries);
  }

  static from(paths: Iterable<readonly PathElement[]>): FieldSet {
    const builder = new FieldSetBuilder();
    for (const path of paths) builder.insert(path);
    return builder.build();
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  get entries(): ReadonlyMap<PathElement, Entry> {
    return this.#entries;
  }

  has(path: readonly PathElement[]): boolean {
    let entry: Entry | undefined;
    let entries: ReadonlyMap<PathElement, Entry> | undefined = this.#entries;
    for (const element of path) {
      entry = entries?.get(element);
      if (entry === undefined) return false;
      entries = entry.child?.entries;
    }
    return entry?.member === true;
  }

  hasMember(element: PathElement): boolean {
    return this.#entries.get(element)?.member === true;
  }

  child(element: PathElement): FieldSet | undefined {
    return this.#entries.get(element)?.child;
  }

  equals(other: FieldSet): boolean {
    if (this === other) return true;
    if (this.#entries.size !== other.#entries.size) return false;
    for (const [element, { member, child }] of this.#entries) {
      const right = other.#entries.get(element);
      if (right === undefined || right.member !== member) return false;
      if (child === undefined ? right.child !== undefined : right.child === undefined || !child.equals(right.child)) return false;
    }
    return true;
  }

  union(other: FieldSet): FieldSet {
    if (this === other || other.isEmpty) return this;
    if (this.isEmpty) return other;
    const out = new Map(this.#entries);
    for (const [element, right] of other.#entries) {
      const left = out.get(element);
      out.set(element, left === undefined ? right : { member: left.member || right.member, child: unionOf(left.child, right.child) });
    }
    return FieldSet.of(out);
  }

  intersection(other: FieldSet): FieldSet {
    if (this === other) return this;
    const out = new Map<PathElement, Entry>();
    for (const [element, left] of this.#entries) {
      const right = other.#entries.get(element);
      if (right === undefined) continue;
      const child = left.child === undefined || right.child === undefined ? undefined : keep(left.child.intersection(right.child));
      const member = left.member && right.member;
      if (member || child !== undefined) out.set(element, { member, child });
    }
    return FieldSet.of(out);
  }

  /** Without the paths of another set; what is below those paths stays. */
  difference(other: FieldSet): FieldSet {
    return this === other ? FieldSet.empty : without(this, other, false);
  }

  /** Without the paths of another set and everything below them. */
  recursiveDifference(other: FieldSet): FieldSet {
    return without(this, other, true);
  }

  /** With every field that something below is in the set for: struct fields exist together with their content. */
  withNamedFields(type: TypeNode): FieldSet {
    const out = new Map<PathElement, Entry>();
    for (const [element, entry] of this.#entries) {
      if (entry.child === undefined) {
        out.set(element, entry);
        continue;
      }
      const field = fieldOf(element);
      const isNamed = field !== undefined && type.map?.fields.has(field) === true;
      out.set(element, { member: entry.member || isNamed, child: entry.child.withNamedFields(typeBelow(type, element)) });
    }
    return FieldSet.of(out);
  }

  /** Calls `visit` with every path of the set, in order: first all members of a level, then what is below them. */
  forEach(visit: (path: readonly PathElement[]) => void, prefix: readonly PathElement[] = []): void {
    const sorted = [...this.#entries].sort(([a], [b]) => compareElements(a, b));
    for (const [element, { member }] of sorted) if (member) visit([...prefix, element]);
    for (const [element, { child }] of sorted) child?.forEach(visit, [...prefix, element]);
  }

  /** The set as the API writes it. */
  toFieldsV1(): Record<string, unknown> {
    return encode(this, false);
  }

  /** The set that the API wrote. Elements of unknown types are left out; malformed ones throw a SyntaxError. */
  static fromFieldsV1(fields: unknown): FieldSet {
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) throw new SyntaxError('fieldsV1 must be an object');
    const out = new Map<PathElement, Entry>();
    for (const key of Object.keys(fields)) {
      if (key === '.') continue;
      const element = parsePathElement(key);
      if (element === undefined) continue;
      const below = (fields as Record<string, unknown>)[key];
      const child = keep(FieldSet.fromFieldsV1(below));
      out.set(element, { member: child === undefined || Object.hasOwn(below as object, '.'), child });
    }
    return FieldSet.of(out);
  }
}

/** Collects paths, then builds the set once. */
export class FieldSetBuilder {
  readonly #root: BuilderNode = { member: false, children: undefined };

  insert(path: readonly PathElement[]): void {
    if (path.length === 0) return;
    let node = this.#root;
    for (const element of path) node = descend(node, element);
    node.member = true;
  }

  build(): FieldSet {
    return frozen(this.#root) ?? FieldSet.empty;
  }
}

interface BuilderNode {
  member: boolean;
  children: Map<PathElement, BuilderNode> | undefined;
}

function descend(node: BuilderNode, element: PathElement): BuilderNode {
  node.children ??= new Map();
  let child = node.children.get(element);
  if (child === undefined) {
    child = { member: false, children: undefined };
    node.children.set(element, child);
  }
  return child;
}

function frozen({ children }: BuilderNode): FieldSet | undefined {
  if (children === undefined) return undefined;
  const entries = new Map<PathElement, Entry>();
  for (const [element, node] of children) entries.set(element, { member: node.member, child: frozen(node) });
  return FieldSet.of(entries);
}

function encode(set: FieldSet, includeSelf: boolean): Record<string, unknown> {
  const out: Record<string, unknown> = includeSelf ? { '.': {} } : {};
  const sorted = [...set.entries.keys()];
  if (sorted.length > 1) sorted.sort(compareElements);
  for (const element of sorted) {
    const { member, child } = set.entries.get(element) as Entry;
    out[element] = child === undefined ? {} : encode(child, member);
  }
  return out;
}

function without(set: FieldSet, other: FieldSet, isRecursive: boolean): FieldSet {
  if (other.isEmpty || set.isEmpty) return set;
  const out = new Map<PathElement, Entry>();
  let changed = false;
  for (const [element, left] of set.entries) {
    const right = other.entries.get(element);
    if (right === undefined) {
      out.set(element, left);
      continue;
    }
    const member = left.member && !right.member;
    let { child } = left;
    if (isRecursive && right.member) child = undefined;
    else if (child !== undefined && right.child !== undefined) child = keep(without(child, right.child, isRecursive));
    if (member === left.member && child === left.child) out.set(element, left);
    else {
      changed = true;
      if (member || child !== undefined) out.set(element, { member, child });
    }
  }
  return changed ? FieldSet.of(out) : set;
}

function keep(set: FieldSet): FieldSet | undefined {
  return set.isEmpty ? undefined : set;
}

function unionOf(a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined {
  return a === undefined ? b : b === undefined ? a : a.union(b);
}

const nothing: TypeNode = {};

/** The type of what is below an element. */
function typeBelow(type: TypeNode, element: PathElement): TypeNode {
  const field = fieldOf(element);
  if (field !== undefined) return type.map === undefined ? nothing : (fieldType(type.map, field) ?? nothing);
  return element.startsWith('k:') ? (type.list?.element ?? nothing) : nothing;
}

/** The type of a key of a map: its field's, or that of other keys; undefined when it has none. */
export function fieldType(map: MapShape, key: string): TypeNode | undefined {
  return map.fields.get(key)?.type ?? map.element;
}

/**
 * The set for a type whose schema may have changed since the set was written: what is below a value that is atomic now
 * becomes the ownership of that value.
 */
export function reconcileWithSchema(set: FieldSet, type: TypeNode): FieldSet {
  const remove = new FieldSetBuilder();
  let found = false;
  const walk = (fields: FieldSet | undefined, node: TypeNode, path: readonly PathElement[], isAtomic: boolean): void => {
    if (node.map !== undefined) {
      if (node.map.element === untypedDeduced && node.map.fields.size === 0) return;
      if (!isAtomic && node.map.atomic) {
        if (fields !== undefined && path.length > 0) {
          remove.insert(path);
          found = true;
        }
        return;
      }
    } else if (node.scalar !== undefined || node.list === undefined) {
      return;
    } else if (!isAtomic && node.list.atomic) {
      if (path.length > 0) {
        remove.insert(path);
        found = true;
      }
      return;
    }
    if (fields === undefined) return;
    for (const [element, { member, child }] of fields.entries) {
      const below = node.map === undefined ? node.list?.element : fieldType(node.map, fieldOf(element) ?? '');
      if (below !== undefined) walk(child, below, [...path, element], member && child === undefined);
    }
  };
  walk(set, type, [], false);
  if (!found) return set;
  const atomics = remove.build();
  return set.recursiveDifference(atomics).union(atomics);
}
