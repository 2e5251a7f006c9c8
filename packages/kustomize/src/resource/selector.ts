import { parseLabelSelector, type LabelSelector } from '@sluice/core';
import type { Selector } from '../kustomization/kustomization.js';
import { compileAnchored, type TextMatcher } from '../regex.js';
import type { BuildSchema } from '../schema/build-schema.js';
import type { Gvk } from './gvk.js';
import { textsOf, type Resource } from './resource.js';

/** A compiled selector: anchored regular expressions for the parts of an id, label selectors for the rest. */
export interface CompiledSelector {
  gvk(gvk: Gvk): boolean;
  readonly name: TextMatcher;
  readonly namespace: TextMatcher;
  /** Whether labels and annotations are as wanted. */
  labelsAndAnnotations(resource: Resource): boolean;
  /** Whether no part of an id is asked for. */
  readonly isAnyId: boolean;
  /** Whether neither labels nor annotations are asked for. */
  readonly isAnyLabel: boolean;
}

export function compileSelector(selector: Selector): CompiledSelector {
  const { group = '', version = '', kind = '', name = '', namespace = '', labelSelector = '', annotationSelector = '' } = selector;
  const matchGroup = compileAnchored(group);
  const matchVersion = compileAnchored(version);
  const matchKind = compileAnchored(kind);
  const labels = labelSelector === '' ? undefined : parseLabelSelector(labelSelector);
  const annotations = annotationSelector === '' ? undefined : parseLabelSelector(annotationSelector);
  return {
    gvk: (gvk) => matchKind(gvk.kind) && matchGroup(gvk.group) && matchVersion(gvk.version),
    name: compileAnchored(name),
    namespace: compileAnchored(namespace),
    labelsAndAnnotations: (resource) => selects(labels, resource.labels) && selects(annotations, resource.annotations),
    isAnyId: [group, version, kind, name, namespace].every((part) => part === ''),
    isAnyLabel: labels === undefined && annotations === undefined,
  };
}

function selects(selector: LabelSelector | undefined, texts: Parameters<typeof textsOf>[0]): boolean {
  return selector === undefined || selector(textsOf(texts));
}

/** The resources that the target of a patch selects, by the name they have or came with. */
export function selectResources(resources: readonly Resource[], selector: Selector, schema: BuildSchema): Resource[] {
  const compiled = compileSelector(selector);
  return resources.filter((resource) => {
    if (!compiled.gvk(resource.gvk)) return false;
    if (!compiled.name(resource.name) && !compiled.name(resource.originalId.name)) return false;
    if (!compiled.namespace(resource.currentNamespace(schema)) && !compiled.namespace(resource.originalNamespace(schema))) return false;
    return compiled.labelsAndAnnotations(resource);
  });
}
