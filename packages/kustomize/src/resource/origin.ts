import { printYaml } from '@sluice/yaml';

/** Where a resource came from or what changed it, as `buildMetadata` annotates it. */
export interface Origin {
  /** The file of a resource, from the directory of the build. */
  readonly path?: string;
  readonly repo?: string;
  readonly ref?: string;
  /** The file that configures a generator or transformer, and which. */
  readonly configuredIn?: string;
  readonly configuredBy?: ConfiguredBy;
}

export interface ConfiguredBy {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
}

export const ORIGIN_ANNOTATION = 'config.kubernetes.io/origin';
export const TRANSFORMATIONS_ANNOTATION = 'alpha.config.kubernetes.io/transformations';

/** The text of an annotation about origins. */
export function originText(origin: Origin | readonly Origin[]): string {
  return printYaml(Array.isArray(origin) ? origin.map(presentFields) : presentFields(origin as Origin));
}

/** The fields in the order and with the omissions of kustomize. */
function presentFields({ path, repo, ref, configuredIn, configuredBy }: Origin): Record<string, unknown> {
  return {
    ...present({ path, repo, ref, configuredIn }),
    ...(configuredBy === undefined ? {} : { configuredBy: present({ ...configuredBy }) }),
  };
}

function present(fields: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) if (value !== undefined && value !== '') kept[name] = value;
  return kept;
}
