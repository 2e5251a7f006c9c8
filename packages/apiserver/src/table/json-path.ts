import { isJsonObject } from '@sluice/core';

type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'slice'; readonly from: number | undefined; readonly to: number | undefined }
  | { readonly kind: 'all' }
  | { readonly kind: 'filter'; readonly test: (item: unknown) => boolean }
  | { readonly kind: 'nothing' };

const parsed = new Map<string, readonly Step[]>();

/**
 * What a JSON path of a printer column finds: fields, indexes, `[*]`, slices, and filters by one comparison
 * (`.status.conditions[?(@.type=="Ready")].status`), which is what definitions use. A path that is none finds nothing.
 */
export function readJsonPath(path: string, value: unknown): readonly unknown[] {
  let steps = parsed.get(path);
  if (steps === undefined) {
    steps = parse(path);
    if (parsed.size > 10_000) parsed.clear();
    parsed.set(path, steps);
  }
  let found: readonly unknown[] = [value];
  for (const step of steps) found = found.flatMap((item) => take(step, item));
  return found;
}

function take(step: Step, value: unknown): readonly unknown[] {
  switch (step.kind) {
    case 'field':
      return isJsonObject(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : [];
    case 'index': {
      if (!Array.isArray(value)) return [];
      const index = step.index < 0 ? value.length + step.index : step.index;
      return index in value ? [value[index]] : [];
    }
    case 'slice':
      return Array.isArray(value) ? value.slice(step.from, step.to) : [];
    case 'all':
      return Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : [];
    case 'filter':
      return Array.isArray(value) ? value.filter(step.test) : [];
    case 'nothing':
      return [];
  }
}

function parse(path: string): readonly Step[] {
  const steps: Step[] = [];
  let rest = path.replace(/^\{?\$?/, '').replace(/\}$/, '');
  while (rest !== '') {
    const field = /^\.((?:[^.[\\]|\\.)+)/.exec(rest);
    if (field !== null) {
      const name = field[1]!.replace(/\\(.)/g, '$1');
      steps.push(name === '*' ? { kind: 'all' } : { kind: 'field', name });
      rest = rest.slice(field[0].length);
      continue;
    }
    const bracket = readBracket(rest);
    if (bracket === undefined) return [{ kind: 'nothing' }];
    steps.push(bracketStep(bracket));
    rest = rest.slice(bracket.length + 2);
  }
  return steps;
}

/** What stands between the brackets that a text begins with; quotes may hold brackets. */
function readBracket(text: string): string | undefined {
  if (!text.startsWith('[')) return undefined;
  let quote = '';
  for (let at = 1; at < text.length; at++) {
    const char = text[at]!;
    if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === ']') return text.slice(1, at);
  }
  return undefined;
}

function bracketStep(content: string): Step {
  if (content === '*') return { kind: 'all' };
  if (/^-?\d+$/.test(content)) return { kind: 'index', index: Number(content) };
  const quoted = /^(["'])(.*)\1$/.exec(content);
  if (quoted !== null) return { kind: 'field', name: quoted[2]! };
  const slice = /^(-?\d*):(-?\d*)$/.exec(content);
  if (slice !== null) {
    return { kind: 'slice', from: slice[1] === '' ? undefined : Number(slice[1]), to: slice[2] === '' ? undefined : Number(slice[2]) };
  }
  const filter = /^\?\(\s*@(\.[^=!<>\s]+)\s*(?:(==|!=|<=|>=|<|>)\s*(.+?)\s*)?\)$/.exec(content);
  if (filter === null) return { kind: 'nothing' };
  const [, path = '', operator, literal = ''] = filter;
  const wanted = literalOf(literal);
  return { kind: 'filter', test: (item) => compare(readJsonPath(path, item)[0], operator, wanted) };
}

function literalOf(text: string): unknown {
  const quoted = /^(["'])(.*)\1$/.exec(text);
  if (quoted !== null) return quoted[2];
  if (text === 'true' || text === 'false') return text === 'true';
  return Number(text);
}

function compare(value: unknown, operator: string | undefined, wanted: unknown): boolean {
  if (operator === undefined) return value !== undefined;
  if (operator === '==') return value === wanted;
  if (operator === '!=') return value !== wanted;
  if (typeof value !== typeof wanted || value === undefined) return false;
  const [left, right] = [value as number, wanted as number];
  return operator === '<' ? left < right : operator === '>' ? left > right : operator === '<=' ? left <= right : left >= right;
}
