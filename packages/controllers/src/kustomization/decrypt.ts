import type { Kustomization } from '@sluice/api';
import { stalled } from './stage-error.js';

/** Encrypted manifests can't be read yet: said clearly, instead of applying what nobody can use. */
export function refuseDecryption({ spec }: Kustomization): void {
  if (spec.decryption === undefined) return;
  throw stalled(
    'DecryptionNotSupported',
    'spec.decryption is not supported by this version: remove it, or reconcile this Kustomization with an engine that decrypts',
  );
}
