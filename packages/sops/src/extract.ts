import { sopsError } from './error.js';
import { Comment, Mapping, type Value } from './tree.js';

/** The value at a path such as `["data"]["list"][0]`. */
export function valueAt(document: Mapping | undefined, path: string): Value {
  let value: Value = document ?? new Mapping();
  for (const step of stepsOf(path)) value = child(value, step);
  return value;
}

function stepsOf(path: string): (string | number)[] {
  const pattern = /\s*\[\s*(?:"([^"]*)"|'([^']*)'|(\d+))\s*\]/y;
  const steps: (string | number)[] = [];
  while (pattern.lastIndex < path.trimEnd().length) {
    const match = pattern.exec(path);
    if (match === null) throw sopsError('SopsSettingsInvalid', `${JSON.stringify(path)} is no path: write it as ["data"]["list"][0]`);
    const [, double, single, index] = match;
    steps.push(index === undefined ? (double ?? single ?? '') : Number(index));
  }
  return steps;
}

function child(value: Value, step: string | number): Value {
  if (typeof step === 'string') {
    const found = value instanceof Mapping ? value.get(step) : undefined;
    if (found === undefined) throw sopsError('SopsSettingsInvalid', `there is no key ${JSON.stringify(step)} in the file, at that place`);
    return found;
  }
  const items = Array.isArray(value) ? value.filter((item) => !(item instanceof Comment)) : [];
  if (items[step] === undefined)
    throw sopsError('SopsSettingsInvalid', `there is no list with an entry ${step} in the file, at that place`);
  return items[step];
}
