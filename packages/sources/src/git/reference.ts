import { SluiceError } from '@sluice/core';

/** Which revision to follow: `spec.ref` of a GitRepository. Precedence: commit, name, semver, tag, branch; the branch master when nothing is given. */
export interface GitReference {
  readonly branch?: string;
  readonly tag?: string;
  readonly semver?: string;
  readonly name?: string;
  readonly commit?: string;
}

/** What a {@link GitReference} asks for. */
export type GitTarget =
  | {
      readonly kind: 'ref';
      readonly ref: string;
      /** Asked for by its full name, which the revision then shows. */ readonly isFullName: boolean;
    }
  | { readonly kind: 'semver'; readonly range: string }
  | { readonly kind: 'commit'; readonly commit: string; readonly branch?: string };

const maxRefLength = 1024;

export function targetOf(reference: GitReference): GitTarget {
  if (given(reference.commit)) {
    if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(reference.commit)) {
      throw new SluiceError(
        'GitReferenceInvalid',
        `the commit ${JSON.stringify(reference.commit)} is not a full hash: 40 hexadecimal digits`,
      );
    }
    if (!given(reference.branch)) return { kind: 'commit', commit: reference.commit };
    checkRef(`refs/heads/${reference.branch}`);
    return { kind: 'commit', commit: reference.commit, branch: reference.branch };
  }
  if (given(reference.name)) {
    if (reference.name.startsWith('/') || reference.name.endsWith('/')) {
      throw new SluiceError('GitReferenceInvalid', `ref ${reference.name} is invalid; Git refs cannot begin or end with a slash '/'`);
    }
    // The suffix asks for what an annotated tag points to, which is what is taken anyway.
    checkRef(reference.name.replace(/\^\{\}$/, ''));
    return { kind: 'ref', ref: reference.name, isFullName: true };
  }
  if (given(reference.semver)) return { kind: 'semver', range: reference.semver };
  const ref = given(reference.tag) ? `refs/tags/${reference.tag}` : `refs/heads/${given(reference.branch) ? reference.branch : 'master'}`;
  checkRef(ref);
  return { kind: 'ref', ref, isFullName: false };
}

function given(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}

/** Refuses what git would not take for a reference, before git sees it. The rules are those of git-check-ref-format. */
export function checkRef(ref: string): void {
  const fault =
    ref.length > maxRefLength
      ? 'is too long'
      : // oxlint-disable-next-line no-control-regex -- these are what is looked for
        /[\u0000-\u0020\u007f~^:?*[\\]/.test(ref)
        ? 'has a character that no reference has'
        : /\.\.|@\{|\/\/|\/$|^\/|\.$|^@$/.test(ref) || ref.split('/').some((part) => /^\.|\.lock$/.test(part))
          ? 'is no valid reference'
          : ref.startsWith('-') || ref.split('/').some((part) => part.startsWith('-'))
            ? 'has a part that starts with a dash'
            : undefined;
  if (fault !== undefined) {
    throw new SluiceError('GitReferenceInvalid', `the Git reference ${JSON.stringify(ref.slice(0, 200))} ${fault}`);
  }
}

/** A reference as it stands in a revision: `refs/heads/feature/x` → `feature/x`. */
export function shortRef(ref: string): string {
  return ref.split('/').slice(2).join('/') || ref;
}

/**
 * How Flux writes a revision: `main@sha1:…`, `v1.0@sha1:…`, `refs/heads/main@sha1:…` when the full name was asked for,
 * `sha1:…` for a commit alone; `sha256:` in a repository of that format.
 */
export function revisionOf(label: string | undefined, commit: string): string {
  const digest = `${commit.length === 64 ? 'sha256' : 'sha1'}:${commit}`;
  return label === undefined ? digest : `${label}@${digest}`;
}
