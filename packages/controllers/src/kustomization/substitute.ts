import { errorMessage, groupOf, versionOf, type KubeObject } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import { parseYaml, printYaml } from '@sluice/yaml';
import { envsubst } from '../envsubst/index.js';
import type { Manifest } from '../apply/desired.js';
import { withPlace } from '../apply/place.js';
import type { KustomizationSettings } from './settings.js';
import { failed, type StageError } from './stage-error.js';
import type { VariableValues } from './variables.js';

export interface SubstituteOptions {
  /** A variable without value and default is an error. */
  readonly strict: boolean;
  /** Also where there are no variables: defaults in the manifests count then. */
  readonly always: boolean;
}

/** On an object: its text is left alone. */
const DISABLED = 'kustomize.toolkit.fluxcd.io/substitute';

const VARIABLE_NAME = /^[_a-zA-Z][_a-zA-Z0-9]*$/;

/**
 * The object with the variables in its text replaced. The text is the object's YAML, and is read again as YAML: a value
 * that looks like a number becomes one where the variable stands unquoted.
 */
export function substituteObject(object: KubeObject, values: VariableValues, { strict, always }: SubstituteOptions): KubeObject {
  if (!isSubstituted(object)) return object;
  if (values.size === 0 && !always) return object;
  const invalid = [...values.keys()].find((name) => !VARIABLE_NAME.test(name));
  if (invalid !== undefined)
    throw new Error(`envsubst error: '${invalid}' var name is invalid, must match '^[_[:alpha:]][_[:alpha:][:digit:]]*$'`);
  const text = printYaml(object);
  if (!text.includes('$')) return object;
  return readBack(replaced(text, values, strict));
}

/** Whether variables are replaced in an object: its label or annotation may say no. */
export function isSubstituted({ metadata: { labels = {}, annotations = {} } }: KubeObject): boolean {
  return labels[DISABLED] !== 'disabled' && annotations[DISABLED] !== 'disabled';
}

function replaced(text: string, values: VariableValues, strict: boolean): string {
  try {
    return envsubst(text, (name) => values.get(name), { strict });
  } catch (error) {
    throw new Error(`envsubst error: variable substitution failed: ${errorMessage(error)}`, { cause: error });
  }
}

function readBack(text: string): KubeObject {
  try {
    return parseYaml(text, { confidential: true }) as KubeObject;
  } catch (error) {
    throw new Error(`envsubst error: YAMLToJSON: ${errorMessage(error)}`, { cause: error });
  }
}

/** All manifests with their variables replaced. An error names the object, and where it is written. */
export function substituteAll(
  { spec }: Kustomization,
  manifests: readonly Manifest[],
  values: VariableValues,
  { strictSubstitutions: strict }: KustomizationSettings,
): readonly Manifest[] {
  if (spec.postBuild === undefined) return manifests;
  const always = spec.postBuild.substituteStrategy === 'Always';
  return manifests.map((manifest) => {
    try {
      return { ...manifest, object: substituteObject(manifest.object, values, { strict, always }) };
    } catch (error) {
      throw substituteFailed(manifest, error);
    }
  });
}

/** The post-build step has failed for an object. */
export function substituteFailed({ object, place }: Manifest, error: unknown): StageError {
  const message = `post build failed for '${substituteSubject(object)}': ${errorMessage(error)}`;
  return failed('BuildFailed', withPlace(message, place), error);
}

/** Names the object as kustomize does: `ConfigMap.v1.[noGrp]/name`. */
function substituteSubject({ apiVersion, kind, metadata }: KubeObject): string {
  return `${kind}.${versionOf(apiVersion)}.${groupOf(apiVersion) || '[noGrp]'}/${metadata.name ?? ''}`;
}
