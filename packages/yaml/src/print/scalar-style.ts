import { codesOf, isBlank, isBreak } from '../characters.js';
import type { ScalarStyle } from '../node.js';

/** What the characters of a string allow: the styles in which the emitter of go-yaml may write it. */
export interface ScalarTraits {
  readonly multiline: boolean;
  readonly flowPlain: boolean;
  readonly blockPlain: boolean;
  readonly single: boolean;
  readonly block: boolean;
}

const emptyTraits: ScalarTraits = { multiline: false, flowPlain: false, blockPlain: true, single: true, block: false };

const TAB = 9;
const LF = 10;
const SPACE = 32;

/** Whether the emitter writes a code unit as it is. Characters beyond the BMP come as surrogates, and are escaped. */
export function isPrintable(code: number): boolean {
  if (code < 0x7f) return code >= SPACE || code === LF;
  return (code >= 0xa0 && code < 0xd800) || (code >= 0xe000 && code !== 0xfeff && code < 0xfffe);
}

const indicatorsFirst = new Set(codesOf('#,[]{}&*!|>\'"%@`'));
const indicatorsFlow = new Set(codesOf(',?[]{}'));

/** Looks at every character of a string once. `tabsInBlocks`: v3 writes tabs in block scalars, v2 escapes them. */
export function scalarTraits(text: string, tabsInBlocks: boolean): ScalarTraits {
  const length = text.length;
  if (length === 0) return emptyTraits;
  const marker = text.startsWith('---') || text.startsWith('...');
  let blockIndicators = marker;
  let flowIndicators = marker;
  let multiline = false;
  let special = false;
  let tabs = false;
  let breakSpace = false;
  let spaceBreak = false;
  let afterSpace = false;
  let afterBreak = false;
  let afterBlank = true;
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    // The emitter looks for a blank here, not for a break.
    const next = index + 1 < length ? text.charCodeAt(index + 1) : SPACE;
    const beforeBlank = isBlank(next);
    if (code === 58 /* : */) {
      flowIndicators = true;
      if (beforeBlank) blockIndicators = true;
    } else if (index === 0) {
      if (indicatorsFirst.has(code)) {
        flowIndicators = true;
        blockIndicators = true;
      } else if (code === 63 /* ? */) {
        flowIndicators = true;
        if (beforeBlank) blockIndicators = true;
      } else if (code === 45 /* - */ && beforeBlank) {
        flowIndicators = true;
        blockIndicators = true;
      }
    } else if (indicatorsFlow.has(code)) {
      flowIndicators = true;
    } else if (code === 35 /* # */ && afterBlank) {
      flowIndicators = true;
      blockIndicators = true;
    }
    if (code === TAB && tabsInBlocks) tabs = true;
    else if (!isPrintable(code)) special = true;
    if (code === SPACE) {
      if (afterBreak) breakSpace = true;
      afterSpace = true;
      afterBreak = false;
    } else if (isBreak(code)) {
      multiline = true;
      if (afterSpace) spaceBreak = true;
      afterSpace = false;
      afterBreak = true;
    } else {
      afterSpace = false;
      afterBreak = false;
    }
    afterBlank = isBlank(code) || isBreak(code);
  }
  const first = text.charCodeAt(0);
  const edge = first === SPACE || isBreak(first) || afterSpace || afterBreak;
  const plain = !edge && !breakSpace && !spaceBreak && !special && !tabs && !multiline;
  return {
    multiline,
    flowPlain: plain && !flowIndicators,
    blockPlain: plain && !blockIndicators,
    single: !breakSpace && !spaceBreak && !special && !tabs,
    block: !afterSpace && !spaceBreak && !special,
  };
}

/** Where a scalar stands. */
export interface ScalarPlace {
  readonly flow: boolean;
  /** A key that is written on one line, without `? `. */
  readonly simpleKey: boolean;
  /** A plain scalar of this text would be read as what it is; otherwise a quoted one is needed. */
  readonly plainAllowed: boolean;
}

/** The style a scalar is written in, when `wanted` is what was asked for. */
export function chooseStyle(wanted: ScalarStyle, text: string, traits: ScalarTraits, place: ScalarPlace): ScalarStyle {
  let style = place.simpleKey && traits.multiline ? 'double' : wanted;
  if (style === 'plain') {
    const allowed = place.flow ? traits.flowPlain : traits.blockPlain;
    if (!allowed || !place.plainAllowed || (text === '' && (place.flow || place.simpleKey))) style = 'single';
  }
  if (style === 'single' && !traits.single) style = 'double';
  if ((style === 'literal' || style === 'folded') && (!traits.block || place.flow || place.simpleKey)) style = 'double';
  return style;
}
