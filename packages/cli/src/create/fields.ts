import { formatDuration, type Json, type JsonObject } from '@sluice/core';
import type { FlagValues } from '../command-line/index.js';

/** The fields of a spec that say something: those that are undefined, empty or false are left out, as they are their defaults. */
export function filled(fields: Readonly<Record<string, Json | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).filter(
      (entry): entry is [string, Json] =>
        entry[1] !== undefined && entry[1] !== '' && entry[1] !== false && !(Array.isArray(entry[1]) && entry[1].length === 0),
    ),
  );
}

/** A reference by name; undefined for the empty name. */
export function nameRef(name: string): JsonObject | undefined {
  return name === '' ? undefined : { name };
}

/** A duration flag as a field; undefined when it is zero. */
export function durationField(flags: FlagValues, name: string): string | undefined {
  const milliseconds = flags.number(name);
  return milliseconds > 0 ? formatDuration(milliseconds) : undefined;
}

/** `spec.interval`, which every object has. */
export function intervalField(flags: FlagValues): string {
  return formatDuration(flags.number('interval'));
}

/** `spec.ignore` of `--ignore-paths`. */
export function ignoreField(flags: FlagValues): string | undefined {
  const paths = flags.list('ignore-paths');
  return paths.length === 0 ? undefined : paths.join('\n');
}

/** `spec.verify`, by the flags for it. */
export function verifyField(flags: FlagValues): JsonObject | undefined {
  const provider = flags.string('verify-provider');
  const secret = flags.string('verify-secret-ref');
  const issuer = flags.string('verify-issuer');
  const subject = flags.string('verify-subject');
  const hasIdentity = issuer !== '' || subject !== '';
  if (provider === '') {
    if (secret !== '') throw new Error('a verification provider must be specified when a secret is specified');
    if (hasIdentity) throw new Error('a verification provider must be specified when OIDC issuer/subject is specified');
    return undefined;
  }
  return filled({ provider, secretRef: nameRef(secret), matchOIDCIdentity: hasIdentity ? [{ issuer, subject }] : undefined });
}

/** `spec.kubeConfig`, by --kubeconfig-secret-ref. */
export function kubeConfigField(flags: FlagValues): JsonObject | undefined {
  const secretRef = nameRef(flags.string('kubeconfig-secret-ref'));
  return secretRef === undefined ? undefined : { secretRef };
}
