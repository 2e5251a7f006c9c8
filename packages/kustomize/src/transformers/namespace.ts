import { SluiceError } from '@sluice/core';
import type { FieldSpec } from '../config/field-spec.js';
import { atPlace, wrapError } from '../errors.js';
import { WrongKind, expectKind } from '../node/expect-kind.js';
import { isNull, replaceScalar, stringScalar, textOf, Scalar, type Node } from '../node/node.js';
import type { Resource } from '../resource/resource.js';
import { shownBuildAnnotations } from '../resource/build-annotations.js';
import { textsOf } from '../resource/resource.js';
import { toJson } from '../node/json.js';
import { goJson } from '../go-json.js';
import type { BuildSchema } from '../schema/build-schema.js';
import { changeField, changeFields } from './field-path.js';
import type { Transformer } from './transformer.js';

const METADATA_NAMESPACE = 'metadata/namespace';
const METADATA_NAME = 'metadata/name';
const metadataNamespace: FieldSpec = { group: '', version: '', kind: '', path: METADATA_NAMESPACE, create: true };

const subjectModes = ['defaultOnly', 'none', 'allServiceAccounts'] as const;
/** Which subjects of role bindings move to the namespace too. */
export type SubjectMode = (typeof subjectModes)[number];

export function readSubjectMode(text: string): SubjectMode {
  if (text === '') return 'defaultOnly';
  const mode = subjectModes.find((candidate) => candidate === text);
  if (mode === undefined) {
    throw new SluiceError(
      'KustomizationInvalid',
      `invalid value ${JSON.stringify(text)} for setRoleBindingSubjects: must be one of "defaultOnly", "none" or "allServiceAccounts"`,
    );
  }
  return mode;
}

export interface NamespaceChange {
  readonly namespace: string;
  readonly specs: readonly FieldSpec[];
  /** Only where no namespace is set yet. */
  readonly unsetOnly?: boolean;
  readonly subjects?: SubjectMode;
}

/** Moves all resources to a namespace. */
export function namespaceTransformer(change: NamespaceChange): Transformer {
  return {
    transform(resources) {
      if (change.namespace === '') return;
      const { schema } = resources;
      const setNamespaceOf = namespaceSetter(change, schema);
      const counts = new Map<string, number>();
      const count = (key: string, by: number): number => {
        const total = (counts.get(key) ?? 0) + by;
        counts.set(key, total);
        return total;
      };
      for (const resource of resources.items) count(resource.currentKey(schema), 1);
      for (const resource of resources.items) {
        if (resource.isFromHelm) continue;
        const before = resource.currentKey(schema);
        resource.storePreviousId(schema);
        setNamespaceOf(resource);
        const after = resource.currentKey(schema);
        count(before, -1);
        if (count(after, 1) !== 1) {
          const same = resources.items.filter((other) => other.currentKey(schema) === after);
          throw new SluiceError(
            'ResourceConflict',
            `namespace transformation produces ID conflict: [${same.map(shownJson).join(' ')}]`,
            atPlace(resource.place),
          );
        }
      }
      resources.changed();
    },
  };
}

function forBindings(specs: readonly FieldSpec[]): readonly FieldSpec[] {
  return specs.filter(({ kind, path }) => !(isRoleBinding(kind) && path === 'subjects/namespace'));
}

/** The change of a single resource. */
export function namespaceSetter(change: NamespaceChange, schema: BuildSchema): (resource: Resource) => void {
  const specs = change.specs.filter(({ path }) => path !== METADATA_NAMESPACE);
  const withoutName = specs.filter(({ path }) => path !== METADATA_NAME);
  const bindingSpecs = forBindings(specs);
  const bindingSpecsWithoutName = forBindings(withoutName);
  const namespace = stringScalar(change.namespace);
  const set = (node: Node): Node => {
    if (change.unsetOnly === true && hasValue(node)) return node;
    if (!isNull(node)) expectKind(node, 'scalar');
    return replaceScalar(node, namespace);
  };
  const fieldChange = { createKind: 'scalar', set } as const;

  return (resource) => {
    const { kind } = resource.gvk;
    const isBinding = isRoleBinding(kind);
    // Only Namespace objects of the core API are renamed; other kinds of that name are left alone.
    const mayRename = resource.apiVersion === 'v1';
    if (!schema.isClusterWide(resource.gvk)) changeField(resource, metadataNamespace, fieldChange);
    if (isBinding) moveSubjects(resource, change.subjects ?? 'defaultOnly', set);
    const applicable = isBinding ? (mayRename ? bindingSpecs : bindingSpecsWithoutName) : mayRename ? specs : withoutName;
    try {
      changeFields(resource, applicable, fieldChange);
    } catch (error) {
      const wrong = findWrongKind(error);
      const isScalar = wrong === undefined || wrong.actual === 'scalar';
      throw wrapError(error, isScalar ? 'namespace transformation failed' : 'namespace field specs must target scalar nodes');
    }
  };
}

function moveSubjects(resource: Resource, mode: SubjectMode, set: (node: Node) => Node): void {
  const subjects = resource.root.get('subjects');
  if (mode === 'none' || isNull(subjects)) return;
  expectKind(subjects, 'sequence');
  const [field, wanted] = mode === 'defaultOnly' ? ['name', 'default'] : ['kind', 'ServiceAccount'];
  for (const subject of subjects as Node[]) {
    if (!(subject instanceof Map) || textOf(subject.get(field)) !== wanted) continue;
    subject.set('namespace', set(subject.get('namespace') ?? new Scalar('', '', false)));
  }
}

function hasValue(node: Node): boolean {
  return node instanceof Scalar && textOf(node) !== '';
}

function isRoleBinding(kind: string): boolean {
  return kind === 'RoleBinding' || kind === 'ClusterRoleBinding';
}

function findWrongKind(error: unknown): WrongKind | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof WrongKind) return cause;
  return undefined;
}

/** A resource as JSON with what kustomize would carry inside it, for messages. */
function shownJson(resource: Resource): string {
  const copy = resource.copy();
  const annotations = new Map([...textsOf(copy.annotations), ...shownBuildAnnotations(copy)]);
  for (const [key, value] of annotations) copy.setAnnotation(key, value);
  return goJson(toJson(copy.root));
}
