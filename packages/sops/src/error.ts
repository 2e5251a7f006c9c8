import { SluiceError, type ErrorPlace, type ErrorReason } from '@sluice/core';

/** An error about a SOPS file. No message of this package ever holds a key, a plaintext or a ciphertext. */
export function sopsError(reason: ErrorReason, message: string, cause?: unknown, place: ErrorPlace = {}): SluiceError {
  return new SluiceError(reason, message, { place, ...(cause === undefined ? {} : { cause }) });
}
