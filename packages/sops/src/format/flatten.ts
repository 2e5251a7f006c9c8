import { metadataInvalid } from '../fields.js';
import { Comment, Mapping, type Item, type Value } from '../tree.js';

/** How metadata lies in formats that have no nested values: the way to a value is its key. */
const MAP = '__map_';
const LIST = '__list_';
/** Of one list in flat metadata. */
const MAX_INDEX = 10_000;

export function flatten(tree: Mapping, prefix = ''): Item[] {
  return tree.items.flatMap(({ key, value }) => (key instanceof Comment ? [] : flattenValue(value, prefix + key)));
}

function flattenValue(value: Value, key: string): Item[] {
  if (value instanceof Mapping) return flatten(value, key + MAP);
  if (Array.isArray(value)) return value.flatMap((item, index) => flattenValue(item, `${key}${LIST}${index}`));
  return [{ key, value }];
}

interface Node {
  value?: Value;
  readonly children: Map<string | number, Node>;
}

export function unflatten(items: readonly Item[]): Mapping {
  const root: Node = { children: new Map() };
  for (const { key, value } of items) {
    if (key instanceof Comment) continue;
    let node = root;
    for (const step of stepsOf(key)) {
      let next = node.children.get(step);
      if (next === undefined) node.children.set(step, (next = { children: new Map() }));
      node = next;
    }
    if (node.value !== undefined) throw metadataInvalid('one of its fields is there twice');
    node.value = value;
  }
  const tree = valueOf(root);
  if (!(tree instanceof Mapping)) throw metadataInvalid('it is not a mapping');
  return tree;
}

/** `age__list_0__map_enc` → `age`, 0, `enc`. */
function stepsOf(key: string): (string | number)[] {
  return key.split(/(?=__map_|__list_)/).map((part, index) => {
    if (index > 0 && part.startsWith(MAP)) return part.slice(MAP.length);
    return part.startsWith(LIST) && index > 0 ? Number(part.slice(LIST.length)) || 0 : part;
  });
}

function valueOf({ value, children }: Node): Value {
  const keys = [...children.keys()];
  const lists = keys.filter((key) => typeof key === 'number').length;
  if (value !== undefined) {
    if (keys.length > 0) throw metadataInvalid('one of its fields is both a value and more than one');
    return value;
  }
  if (lists === 0) {
    const items = keys.map((key) => ({ key: String(key), value: valueOf(children.get(key)!) }));
    return new Mapping(items.sort((a, b) => (a.key < b.key ? -1 : 1)));
  }
  if (lists !== keys.length || keys.length > MAX_INDEX) throw metadataInvalid('one of its lists is not a list');
  return keys.map((_, index) => {
    const child = children.get(index);
    if (child === undefined) throw metadataInvalid('one of its lists has gaps');
    return valueOf(child);
  });
}
