import { SluiceError, setOwn, type Json } from '@sluice/core';
import type { HelmVersion } from '../version.js';
import { printAsBoolean, printValue } from './go-text.js';
import { copyValues, isTable, valueAt, type Values } from './values.js';

/** What of a chart counts here. Charts with their dependencies resolved are such trees, whose defaults may have changed. */
export interface ValuedChart {
  readonly name: string;
  readonly values: Readonly<Values>;
  readonly subcharts: readonly ValuedChart[];
}

export interface CoalesceOptions {
  readonly helm: HelmVersion;
  /** Nulls stay: for a step that is followed by another one, which removes them. */
  readonly keepNulls?: boolean;
  readonly warn?: (message: string) => void;
}

/**
 * The values that a chart's templates see: the user's over the chart's over those of its subcharts, tables merged in
 * depth. A null of the user removes a default; globals go down to every subchart.
 *
 * The maps of Helm's own are merged in place, here and there seen by two owners; the same is done here, on copies, since
 * it shows in the results.
 */
export function coalesceValues(chart: ValuedChart, user: Readonly<Values>, options: CoalesceOptions): Values {
  return new Coalescer(options).chart(chart, copyValues(user), '', options.keepNulls === true);
}

/** Tables over each other, the first one's values win. Changes the first one, and may put parts of the second into it. */
export function mergeTables(target: Values, source: Values, options: CoalesceOptions): Values {
  new Coalescer(options).tables(target, source, '', options.keepNulls === true);
  return target;
}

class Coalescer {
  readonly #helm: HelmVersion;
  readonly #warn: (message: string) => void;

  constructor({ helm, warn }: CoalesceOptions) {
    this.#helm = helm;
    this.#warn = warn ?? ((): void => undefined);
  }

  chart(chart: ValuedChart, target: Values, prefix: string, keepNulls: boolean): Values {
    this.#defaults(chart, target, prefix, keepNulls);
    const below = joined(prefix, chart.name);
    for (const subchart of chart.subcharts) {
      const own = valueAt(target, subchart.name) ?? (Object.hasOwn(target, subchart.name) ? null : {});
      if (!isTable(own)) throw new SluiceError('ValuesInvalid', `type mismatch on ${subchart.name}: ${printAsBoolean(own)}`);
      setOwn(target, subchart.name, own);
      this.#globals(own, target, below);
      this.chart(subchart, own, below, keepNulls);
    }
    return target;
  }

  tables(target: Values, source: Values, prefix: string, keepNulls: boolean): void {
    const defined = new Set(Object.keys(source).filter((key) => source[key] !== null));
    for (const key of Object.keys(target)) if (target[key] === null) setOwn(source, key, null);
    for (const key of Object.keys(source)) {
      const value = source[key] ?? null;
      const path = joined(prefix, key);
      if (!Object.hasOwn(target, key)) {
        setOwn(target, key, value);
        continue;
      }
      const own = target[key] ?? null;
      if (own === null && !keepNulls && defined.has(key)) delete target[key];
      else if (isTable(value)) {
        if (isTable(own)) this.tables(own, value, path, keepNulls);
        else this.#warn(`warning: cannot overwrite table with non table for ${path} (${printValue(value)})`);
      } else if (isTable(own) && value !== null) {
        this.#warn(`warning: destination for ${path} is a table. Ignoring non-table value (${printValue(value)})`);
      }
    }
  }

  /** A chart's own defaults, below what is there. */
  #defaults(chart: ValuedChart, target: Values, prefix: string, keepNulls: boolean): void {
    const below = joined(prefix, chart.name);
    const defaults = copyValues(chart.values);
    const dropsNulls = this.#helm === 4;
    for (const key of Object.keys(defaults)) {
      const value = defaults[key] ?? null;
      if (!Object.hasOwn(target, key)) {
        if (dropsNulls && !keepNulls) {
          if (value === null) continue;
          if (isTable(value)) removeNulls(value);
        }
        setOwn(target, key, value);
        continue;
      }
      const own = target[key] ?? null;
      if (own === null && !keepNulls) delete target[key];
      else if (isTable(own)) {
        if (isTable(value)) {
          // What is meant for a subchart keeps its nulls: they still have to remove that chart's defaults.
          const keepsNulls = keepNulls || chart.subcharts.some((subchart) => subchart.name === key);
          if (dropsNulls && !keepsNulls) removeNulls(value);
          this.tables(own, value, joined(below, key), keepsNulls);
        } else if (value !== null) this.#warn(`warning: skipped value for ${below}.${key}: Not a table.`);
      }
    }
  }

  #globals(target: Values, source: Readonly<Values>, prefix: string): void {
    const own = Object.hasOwn(target, 'global') ? (target['global'] ?? null) : {};
    if (!isTable(own)) return this.#warn('warning: skipping globals because destination global is not a table.');
    const given = Object.hasOwn(source, 'global') ? (source['global'] ?? null) : {};
    if (!isTable(given)) return this.#warn('warning: skipping globals because source global is not a table.');
    for (const key of Object.keys(given)) {
      const value: Json = given[key] ?? null;
      const existing = valueAt(own, key);
      if (isTable(value)) {
        const copy: Values = { ...value };
        if (existing === undefined) setOwn(own, key, copy);
        else if (isTable(existing)) {
          this.tables(copy, existing, joined(prefix, key), true);
          setOwn(own, key, copy);
        } else this.#warn(`Conflict: cannot merge map onto non-map for ${JSON.stringify(key)}. Skipping.`);
      } else if (isTable(existing)) this.#warn(`key ${key} is table. Skipping`);
      else setOwn(own, key, value);
    }
    setOwn(target, 'global', own);
  }
}

/** Removes the nulls of a table, in depth and in place. */
function removeNulls(table: Values): void {
  for (const key of Object.keys(table)) {
    const value = table[key];
    if (value === null) delete table[key];
    else if (isTable(value)) removeNulls(value);
  }
}

function joined(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}.${name}`;
}
