import type { Json } from '@sluice/core';
import { printYaml } from '@sluice/yaml';
import { printable } from './printable.js';

/** An object and those that it has made, as `tree` shows them. */
export interface ObjectTree {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly children: ObjectTree[];
}

/** `Kustomization/flux-system/apps`. */
function label({ kind, namespace, name }: ObjectTree): string {
  return printable([kind, ...(namespace === '' ? [] : [namespace]), name].join('/'));
}

/** The tree as text, or as data for `-o json|yaml`. */
export function printedTree(tree: ObjectTree, format: string): string {
  if (format === 'json') return JSON.stringify(treeJson(tree), undefined, 2);
  return format === 'yaml' ? printYaml(treeJson(tree)) : treeText(tree);
}

/** One object a line. */
function treeText(tree: ObjectTree): string {
  return `${label(tree)}\n${childLines(tree.children, '')}`;
}

function childLines(children: readonly ObjectTree[], indent: string): string {
  return children
    .map((child, index) => {
      const isLast = index === children.length - 1;
      return `${indent}${isLast ? '└── ' : '├── '}${label(child)}\n${childLines(child.children, `${indent}${isLast ? '    ' : '│   '}`)}`;
    })
    .join('');
}

function treeJson({ group, kind, namespace, name, children }: ObjectTree): Json {
  return {
    resource: { Namespace: namespace, Name: name, GroupKind: { Group: group, Kind: kind } },
    ...(children.length === 0 ? {} : { resources: children.map(treeJson) }),
  };
}
