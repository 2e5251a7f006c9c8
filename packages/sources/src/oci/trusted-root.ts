import type { TrustedRoot } from '@sigstore/protobuf-specs';
import { SluiceError, errorMessage } from '@sluice/core';

/** After this time the public root is fetched again; after a failure, sooner. */
const lifetimeMs = 24 * 3600_000;
const retryMs = 60_000;

let known: { readonly root: Promise<TrustedRoot>; readonly until: number } | undefined;

/** The part of @sigstore/tuf that is used. It brings a client of its own, which only users of the public instance need. */
interface TufModule {
  getTrustedRoot(): Promise<TrustedRoot>;
}

/** The authorities and logs of Sigstore's public instance, fetched by an optional module. Shared by all who ask. */
export function publicTrustedRoot(now: () => number = Date.now): Promise<TrustedRoot> {
  if (known === undefined || known.until < now()) {
    const root = fetchRoot();
    known = { root, until: now() + lifetimeMs };
    root.catch(() => (known = { root, until: now() + retryMs }));
  }
  return known.root;
}

async function fetchRoot(): Promise<TrustedRoot> {
  // Not written out, so that it is optional for the compiler and the bundler too.
  const name = '@sigstore/tuf';
  let tuf: TufModule;
  try {
    tuf = (await import(name)) as TufModule;
  } catch (error) {
    throw new SluiceError(
      'SourceSettingsInvalid',
      `unable to initialize trusted root: the public one is fetched by the module ${name}, which is not installed: run npm install ${name}, or give a trusted_root.json by trustedRootSecretRef`,
      { cause: error },
    );
  }
  try {
    return await tuf.getTrustedRoot();
  } catch (error) {
    throw new SluiceError('SourceUnreachable', `unable to initialize trusted root: ${errorMessage(error)}`, { cause: error });
  }
}
