import type { KubeObject } from '@sluice/core';
import { badRequest } from '../server/status.js';

/** Decides by an object's fields. */
export type FieldSelector = (object: KubeObject) => boolean;

/** How a resource's selectable fields are read: by the name that selectors use. */
export type SelectableFields = ReadonlyMap<string, (object: KubeObject) => string>;

export interface ParsedFieldSelector {
  readonly matches: FieldSelector;
  /** The only name that can match, when the selector says one: lists and watches look there alone. */
  readonly name: string | undefined;
}

/** Reads a field selector (`metadata.name=a,status.phase!=Running`); undefined for the empty one. */
export function parseFieldSelector(
  text: string | null,
  fields: SelectableFields,
  refuse: (field: string) => string,
): ParsedFieldSelector | undefined {
  if (text === null || text === '') return undefined;
  let name: string | undefined;
  const requirements = splitTerms(text)
    .filter((term) => term !== '')
    .map((term) => {
      const match = /^((?:[^\\=!]|\\.|!(?!=))*)(!=|==|=)(.*)$/s.exec(term);
      if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
      const [, field, operator, raw] = match as unknown as [string, string, string, string];
      const value = unescape(raw);
      const read = fields.get(field);
      if (read === undefined) throw badRequest(refuse(field));
      if (field === 'metadata.name' && operator !== '!=') name = value;
      return operator === '!=' ? (object: KubeObject) => read(object) !== value : (object: KubeObject) => read(object) === value;
    });
  if (requirements.length === 0) return undefined;
  return { name, matches: (object) => requirements.every((requirement) => requirement(object)) };
}

function splitTerms(text: string): string[] {
  return text.match(/(?:[^\\,]|\\.)+/gs) ?? [];
}

function unescape(value: string): string {
  if (/(?:^|[^\\])(?:\\\\)*[=,]/.test(value)) throw badRequest(`invalid field selector: unescaped character in value: ${value}`);
  return value.replace(/\\([\\,=])/g, '$1');
}
