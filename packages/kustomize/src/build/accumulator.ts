import { SluiceError } from '@sluice/core';
import { emptyConfig, mergeConfigs, type TransformerConfig } from '../config/transformer-config.js';
import { ResourceList } from '../resource/resource-list.js';
import type { BuildSchema } from '../schema/build-schema.js';
import { markVariableSources, readVariable, type ResolvedVariable } from '../transformers/variables.js';
import type { Variable } from '../kustomization/kustomization.js';

/** What a kustomization has gathered: resources, the rules for transforming them, variables. */
export class Accumulator {
  readonly resources: ResourceList;
  config: TransformerConfig = emptyConfig;
  readonly #variables = new Map<string, ResolvedVariable>();

  constructor(schema: BuildSchema) {
    this.resources = new ResourceList(schema);
  }

  /** In the order of their names. */
  get variables(): readonly ResolvedVariable[] {
    return [...this.#variables.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  mergeConfig(config: TransformerConfig): void {
    this.config = mergeConfigs(this.config, config);
  }

  mergeVariables(variables: readonly Variable[]): void {
    const resolved = variables.map(readVariable);
    markVariableSources(this.resources, resolved);
    for (const variable of resolved) this.#addVariable(variable);
  }

  /** Takes what another kustomization has gathered. */
  merge(other: Accumulator): void {
    this.resources.appendAll(other.resources.items);
    this.mergeConfig(other.config);
    for (const variable of other.variables) this.#addVariable(variable);
  }

  #addVariable(variable: ResolvedVariable): void {
    if (this.#variables.has(variable.name)) throw new SluiceError('ReferenceAmbiguous', `var '${variable.name}' already encountered`);
    this.#variables.set(variable.name, variable);
  }
}
