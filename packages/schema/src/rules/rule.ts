/** One of `x-kubernetes-validations`, compiled. */
export interface CompiledRule {
  readonly rule: string;
}

/** The rules of a schema node. */
export function compileRules(_schema: Record<string, unknown>): CompiledRule[] {
  return [];
}
