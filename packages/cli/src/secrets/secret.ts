import { setOwn, type KubeObject } from '@sluice/core';
import { printYaml } from '@sluice/yaml';

/** A Secret as people write it: its values in plain text. */
export interface PlainSecret extends KubeObject {
  readonly kind: 'Secret';
  readonly stringData?: Readonly<Record<string, string>>;
  readonly type?: string;
}

export interface SecretName {
  readonly name: string;
  readonly namespace: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Makes a Secret of some values; those that are undefined or empty are left out. */
export function secretOf(
  { name, namespace, labels = {}, annotations = {} }: SecretName,
  values: Readonly<Record<string, string | undefined>>,
  type?: string,
): PlainSecret {
  const stringData: Record<string, string> = {};
  for (const [key, value] of Object.entries(values)) if (value !== undefined && value !== '') setOwn(stringData, key, value);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      namespace,
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    ...(Object.keys(stringData).length === 0 ? {} : { stringData }),
    ...(type === undefined ? {} : { type }),
  };
}

/** As `--export` prints it. */
export function secretText(secret: PlainSecret): string {
  return `---\n${printYaml(secret)}`;
}
