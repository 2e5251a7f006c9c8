import { SluiceError } from '@sluice/core';
import { parseYaml } from '@sluice/yaml';
import { apiVersionOf, type Gvk } from '../resource/gvk.js';
import { builtInSchema, openApiDefinitions, type BuiltInPrecedence, type MergeSchema, type OpenApiDefinitions } from './merge-schema.js';
import { clusterWideKinds, namespacedKinds } from './scopes.js';

const BUILT_IN_VERSION = 'v1.21.2';

let knownScopes: ReadonlyMap<string, boolean> | undefined;

/** Whether kinds live in a namespace, as far as kustomize knows: `apiVersion/Kind` to yes or no. */
function builtInScopes(): ReadonlyMap<string, boolean> {
  if (knownScopes === undefined) {
    const scopes = new Map<string, boolean>();
    for (const kind of clusterWideKinds.trim().split(/\s+/)) scopes.set(kind, false);
    for (const kind of namespacedKinds.trim().split(/\s+/)) scopes.set(kind, true);
    knownScopes = scopes;
  }
  return knownScopes;
}

/**
 * The schema of one build. A kustomization's `openapi.path` takes the place of the built-in schema — unless that was used
 * before, a kind was met that it does not know, or the caller wants both (as Flux does): then they add up, as they do in
 * kustomize. The first kustomization that says anything decides. It belongs to one build and never touches another.
 */
export class BuildSchema {
  readonly #keepBuiltIn: boolean;
  #custom: OpenApiDefinitions | undefined;
  #isDecided = false;
  #usedBuiltIn = false;
  #metUnknownKind = false;
  readonly #clusterWide = new Map<string, boolean>();

  constructor(options: { keepBuiltIn: boolean }) {
    this.#keepBuiltIn = options.keepBuiltIn;
  }

  /** Takes a kustomization's `openapi` field; `load` reads the file it names. */
  use(openapi: Readonly<Record<string, string>>, load: (path: string) => Uint8Array): void {
    const path = Object.hasOwn(openapi, 'path') ? openapi['path'] : undefined;
    const content = path === undefined ? undefined : load(path);
    if (this.#isDecided) return;
    const version = Object.hasOwn(openapi, 'version') ? openapi['version'] : undefined;
    if (path !== undefined && content !== undefined) {
      if (version !== undefined) {
        throw new SluiceError('KustomizationInvalid', 'builtin version and custom schema provided, cannot use both', {
          place: { file: path },
        });
      }
      this.#custom = openApiDefinitions(parseYaml(content, { file: path }), this.#precedence);
      this.#isDecided = true;
      this.#clusterWide.clear();
    } else if (version !== undefined && version !== '') {
      if (version !== BUILT_IN_VERSION) throw new SluiceError('KustomizationInvalid', 'the specified OpenAPI version is not built in');
      this.#isDecided = true;
    }
  }

  get #precedence(): BuiltInPrecedence {
    if (this.#keepBuiltIn || this.#usedBuiltIn) return 'last';
    return this.#metUnknownKind ? 'first' : 'none';
  }

  schemaOf(apiVersion: string, kind: string): MergeSchema | undefined {
    const type = `${apiVersion}/${kind}`;
    if (this.#custom !== undefined) return this.#custom.lookup(type);
    this.#usedBuiltIn = true;
    return builtInSchema(type);
  }

  /** Whether a kind is certainly not in a namespace. */
  isClusterWide(gvk: Gvk): boolean {
    const type = `${apiVersionOf(gvk)}/${gvk.kind}`;
    let answer = this.#clusterWide.get(type);
    if (answer === undefined) {
      const builtIn = builtInScopes().get(type);
      if (builtIn === undefined && this.#custom === undefined) this.#metUnknownKind = true;
      answer = (builtIn ?? this.#custom?.isNamespaced(type)) === false;
      this.#clusterWide.set(type, answer);
    }
    return answer;
  }
}
