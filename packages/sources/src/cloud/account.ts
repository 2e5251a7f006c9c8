import { SluiceError } from '@sluice/core';

/**
 * A ServiceAccount of the cluster, as clouds know it: its tokens name it to a cloud that trusts the cluster's issuer, its
 * annotations say who it is there.
 */
export interface CloudAccount {
  readonly namespace: string;
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Whom its tokens are for, where that is not what a cloud expects by itself. */
  readonly audiences?: readonly string[] | undefined;
  /** A new token of the cluster's for it. */
  readonly token: (audiences: readonly string[], signal?: AbortSignal) => Promise<string>;
}

/** A token that a cloud takes as a proof of who asks. */
export function accountToken(account: CloudAccount, audience: string, signal?: AbortSignal): Promise<string> {
  return account.token(account.audiences ?? [audience], signal);
}

/** An annotation that says who an account is in a cloud; undefined when it has none. */
export function accountAnnotation({ annotations }: CloudAccount, name: string, pattern: RegExp): string | undefined {
  const value = Object.hasOwn(annotations, name) ? annotations[name] : undefined;
  if (value === undefined || value === '') return undefined;
  if (pattern.test(value)) return value;
  throw new SluiceError('SourceSettingsInvalid', `invalid ${name} annotation: '${value.slice(0, 200)}'. must match ${pattern.source}`);
}

/** The same where it must be there. */
export function requiredAnnotation(account: CloudAccount, name: string, pattern: RegExp): string {
  const value = accountAnnotation(account, name, pattern);
  if (value !== undefined) return value;
  throw new SluiceError('SourceSettingsInvalid', `the ServiceAccount ${account.namespace}/${account.name} lacks the annotation ${name}`);
}
