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

/** The text of an annotation about one origin. Its fields stand in the order of kustomize. */
export function originText({ path, repo, ref, configuredIn, configuredBy }: Origin): string {
  const fields = lines({ path, repo, ref, configuredIn });
  return configuredBy === undefined
    ? fields.join('')
    : [...fields, 'configuredBy:\n', ...lines({ ...configuredBy }).map((line) => `  ${line}`)].join('');
}

/** The text of an annotation about several. */
export function originsText(origins: readonly Origin[]): string {
  return origins.map((origin) => `- ${originText(origin).trimEnd().replaceAll('\n', '\n  ')}\n`).join('');
}

function lines(fields: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => printYaml({ [name]: value }));
}
