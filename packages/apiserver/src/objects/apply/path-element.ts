/**
 * One step of a field path, as the text that `fieldsV1` uses for it: `f:spec` (a field), `k:{"name":"app"}` (an element of
 * a keyed list), `v:"x"` (an element of a set), `i:0` (an index). The text is canonical, so that equal steps are equal strings.
 */
export type PathElement = string;

export function fieldElement(name: string): PathElement {
  return `f:${name}`;
}

/** The element of a keyed list. `keys` in any order. */
export function keyElement(keys: Readonly<Record<string, unknown>>): PathElement {
  const names = Object.keys(keys);
  if (names.length > 1) names.sort();
  let text = '';
  for (const name of names) text += `${text === '' ? '' : ','}${quoted(name)}:${quoted(keys[name])}`;
  return `k:{${text}}`;
}

/** JSON of a scalar. Nearly all are plain texts, for which quotes are enough (a third of the cost of JSON.stringify). */
function quoted(value: unknown): string {
  if (typeof value === 'string' && plain.test(value)) return `"${value}"`;
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}

const plain = /^[\w./:@ -]*$/;

export function valueElement(value: unknown): PathElement {
  return `v:${quoted(value)}`;
}

/** The canonical form of an element that came from outside; undefined when it is of no known type; throws when it is malformed. */
export function parsePathElement(text: string): PathElement | undefined {
  if (text.charCodeAt(1) !== 58 /* : */) throw new SyntaxError(`missing colon: ${text}`);
  switch (text[0]) {
    case 'f':
      return text;
    case 'k':
      return keyElement(JSON.parse(text.slice(2)) as Record<string, unknown>);
    case 'v':
      return valueElement(JSON.parse(text.slice(2)));
    case 'i':
      return /^i:-?\d+$/.test(text) ? text : undefined;
    default:
      return undefined;
  }
}

/** The field of a `f:` element; undefined for others. */
export function fieldOf(element: PathElement): string | undefined {
  return element.charCodeAt(0) === 102 /* f */ ? element.slice(2) : undefined;
}

/** An element as messages show it: `.spec`, `[name="app"]`, `[="x"]`, `[0]`. */
export function showElement(element: PathElement): string {
  const text = element.slice(2);
  switch (element[0]) {
    case 'f':
      return `.${text}`;
    case 'k':
      return `[${Object.entries(JSON.parse(text) as Record<string, unknown>)
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join(',')}]`;
    case 'v':
      return `[=${text}]`;
    default:
      return `[${text}]`;
  }
}

/** A path as messages show it: `.spec.template.spec.containers[name="app"].image`. */
export function showPath(path: readonly PathElement[]): string {
  return path.map(showElement).join('');
}

const kindOrder = 'fkvi';

/** The order of elements in a set: fields, keys, values, indexes; each by what it holds. */
export function compareElements(a: PathElement, b: PathElement): number {
  const left = kindOrder.indexOf(a.charAt(0));
  const right = kindOrder.indexOf(b.charAt(0));
  if (left !== right) return left - right;
  if (a === b) return 0;
  if (left === 0) return a < b ? -1 : 1;
  const x = JSON.parse(a.slice(2)) as unknown;
  const y = JSON.parse(b.slice(2)) as unknown;
  if (left !== 1) return compareScalars(x, y);
  const xs = Object.entries(x as Record<string, unknown>);
  const ys = Object.entries(y as Record<string, unknown>);
  for (let index = 0; index < Math.min(xs.length, ys.length); index++) {
    const [xName, xValue] = xs[index] as [string, unknown];
    const [yName, yValue] = ys[index] as [string, unknown];
    const order = compareScalars(xName, yName) || compareScalars(xValue, yValue);
    if (order !== 0) return order;
  }
  return xs.length - ys.length;
}

function compareScalars(a: unknown, b: unknown): number {
  if (typeof a === typeof b) return (a as string) === (b as string) ? 0 : (a as string) < (b as string) ? -1 : 1;
  // Numbers sort before strings, and those before booleans.
  const order = ['number', 'string', 'boolean'];
  return order.indexOf(typeof a) - order.indexOf(typeof b);
}
