/** How a scalar stands in the text. */
export type ScalarStyle = 'plain' | 'single' | 'double' | 'literal' | 'folded';

/** How a mapping or a sequence stands in the text: `block`, one item a line, or `flow`, in brackets. */
export type CollectionStyle = 'block' | 'flow';

interface NodeBase {
  /** The tag: as written (`!Ref`, `!!str` as such), or resolved as go-yaml v3 does (`!!int`). */
  tag: string;
  /** Whether the tag was written in the text. */
  taggedExplicitly?: boolean;
  /** Written with the tag `!`, which asks for the type of the text, quoted or not. */
  nonSpecific?: boolean;
  anchor?: string;
  /** Comments with their `#`, lines joined by `\n`: above the node, behind it on its line, and below it. */
  headComment?: string;
  lineComment?: string;
  footComment?: string;
  /** Where the node begins; both count from 1. */
  line: number;
  column: number;
}

export interface YamlScalar extends NodeBase {
  kind: 'scalar';
  style: ScalarStyle;
  /** The text, with escapes, folding and indentation undone. What it means is for {@link NodeBase.tag}. */
  value: string;
}

export interface YamlMapping extends NodeBase {
  kind: 'mapping';
  style: CollectionStyle;
  /** In the order of the text; keys may repeat and may be any node. */
  entries: YamlEntry[];
}

export interface YamlEntry {
  key: YamlNode;
  value: YamlNode;
}

export interface YamlSequence extends NodeBase {
  kind: 'sequence';
  style: CollectionStyle;
  items: YamlNode[];
}

export interface YamlAlias extends NodeBase {
  kind: 'alias';
  /** The anchor's name, without `*`. */
  name: string;
  /** The node that carries the anchor. */
  target: YamlNode;
}

/** A node of a document, free to be edited. */
export type YamlNode = YamlScalar | YamlMapping | YamlSequence | YamlAlias;

/** A document of a stream as nodes. Comments that belong to no node of it are the document's. */
export interface YamlNodeDocument {
  /** An empty document has an empty scalar. */
  root?: YamlNode;
  headComment?: string;
  footComment?: string;
  /** The line on which it begins, from 1. */
  line: number;
}
