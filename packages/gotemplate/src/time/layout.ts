/** The words of the reference time that a layout of package time can have. */
const WORDS =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|002|0[1-6]|15|1|2006|2|__2|_2(?!006)|3|4|5|PM|pm|[-Z]07:00:00|[-Z]070000|[-Z]07:00|[-Z]0700|[-Z]07|[.,](?:0+|9+)(?!\d)/g;

/** A layout, cut into literal texts and the words between them. */
export interface LayoutPart {
  /** What stands before the word. */
  readonly literal: string;
  /** Empty after the last literal. */
  readonly word: string;
}

export function splitLayout(layout: string): LayoutPart[] {
  const parts: LayoutPart[] = [];
  let end = 0;
  for (const match of layout.matchAll(WORDS)) {
    parts.push({ literal: layout.slice(end, match.index), word: match[0] });
    end = match.index + match[0].length;
  }
  return [...parts, { literal: layout.slice(end), word: '' }];
}

export const MONTHS = 'January February March April May June July August September October November December'.split(' ');
export const WEEKDAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');
