import { plainTag, type ScalarTag } from '../resolve.js';
import { FastReader } from './fast.js';
import { declined, type FastStyle } from './fast-scalars.js';
import type { ValueRules } from './values.js';

/** A document of maps, arrays and whatever its scalars became. */
export type YamlTree<S> = S | Map<string, YamlTree<S>> | YamlTree<S>[];

/** Makes a scalar of its text, the tag that go-yaml gives it and how it stands in the text. */
export type ScalarMaker<S> = (text: string, tag: ScalarTag, style: FastStyle) => S;

/** Reads ordinary texts to maps, arrays and scalars of the caller's. */
export class FastTrees<S> extends FastReader<YamlTree<S>, Map<string, YamlTree<S>>> {
  readonly #scalar: ScalarMaker<S>;

  constructor(text: string, rules: ValueRules, scalar: ScalarMaker<S>) {
    super(text, rules);
    this.#scalar = scalar;
  }

  protected emptyMapping(): Map<string, YamlTree<S>> {
    return new Map();
  }

  protected put(mapping: Map<string, YamlTree<S>>, key: string, value: YamlTree<S>): boolean {
    const before = mapping.size;
    return mapping.set(key, value).size > before;
  }

  protected sequenceNode(items: YamlTree<S>[]): YamlTree<S> {
    return items;
  }

  protected textNode(text: string, style: FastStyle): YamlTree<S> {
    return this.#scalar(text, '!!str', style);
  }

  protected plainNode(text: string): YamlTree<S> {
    const tag = plainTag(text, this.rules.types);
    // Rare, and what Go's tools make of it depends on where it stands.
    if (tag === '!!timestamp') throw declined;
    return this.#scalar(text, tag, 'plain');
  }
}
