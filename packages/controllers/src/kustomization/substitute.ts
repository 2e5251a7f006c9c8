import { errorMessage, type ErrorPlace, type FileTree, groupOf, type KubeObject, versionOf } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import { parseYaml, printYaml } from '@sluice/yaml';
import { envsubst, EnvsubstError } from '../envsubst/index.js';
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

/** All manifests with their variables replaced. An error names the object, the variable, where it is written, and where values were looked for. */
export function substituteAll(
  { spec }: Kustomization,
  manifests: readonly Manifest[],
  values: VariableValues,
  { strictSubstitutions: strict }: KustomizationSettings,
  tree: FileTree,
): readonly Manifest[] {
  if (spec.postBuild === undefined) return manifests;
  const always = spec.postBuild.substituteStrategy === 'Always';
  return manifests.map((manifest) => {
    try {
      return { ...manifest, object: substituteObject(manifest.object, values, { strict, always }) };
    } catch (error) {
      const variable = missingVariable(error);
      if (variable === undefined) throw substituteFailed(manifest, error);
      const place = placeOfVariable(manifest.place, variable, tree);
      throw substituteFailed({ object: manifest.object, place }, error, `looked for in ${placesOfValues(spec).join(', ')}`);
    }
  });
}

function placesOfValues({ postBuild }: Kustomization['spec']): string[] {
  return ['spec.postBuild.substitute', ...(postBuild?.substituteFrom ?? []).map(({ kind, name }) => `${kind}/${name}`)];
}

/** The variable without a value that an error is about. */
function missingVariable(error: unknown): string | undefined {
  const { cause } = error as Error;
  return cause instanceof EnvsubstError && cause.message.startsWith('variable not set') ? cause.variable : undefined;
}

/** The line where it stands; where that is in no file as it is applied (a patch, a generator), where the object begins. */
function placeOfVariable(place: ErrorPlace | undefined, variable: string, tree: FileTree): ErrorPlace | undefined {
  if (place?.file === undefined || tree.stat(place.file) !== 'file') return place;
  const lines = Buffer.from(tree.read(place.file)).toString('utf8').split('\n');
  const from = (place.line ?? 1) - 1;
  const use = `\${${variable}`;
  const found = lines.findIndex((line, index) => {
    if (index < from) return false;
    const at = line.indexOf(use);
    return at >= 0 && !/\w/.test(line.charAt(at + use.length));
  });
  return found < 0 ? place : { file: place.file, line: found + 1 };
}

/** The post-build step has failed for an object. */
export function substituteFailed({ object, place }: Manifest, error: unknown, hint?: string): StageError {
  const message = `post build failed for '${substituteSubject(object)}': ${errorMessage(error)}`;
  return failed('BuildFailed', `${withPlace(message, place)}${hint === undefined ? '' : `\n${hint}`}`, error);
}

/** Names the object as kustomize does: `ConfigMap.v1.[noGrp]/name`. */
function substituteSubject({ apiVersion, kind, metadata }: KubeObject): string {
  return `${kind}.${versionOf(apiVersion)}.${groupOf(apiVersion) || '[noGrp]'}/${metadata.name ?? ''}`;
}
