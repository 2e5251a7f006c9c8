import { SluiceError, errorMessage, type ErrorPlace, type ErrorReason } from '@sluice/core';

/** The same error with what was being done in front of its message, as Go's tools nest theirs. */
export function wrapError(error: unknown, context: string): SluiceError {
  const message = `${context}: ${errorMessage(error)}`;
  if (error instanceof SluiceError) return new SluiceError(error.reason, message, { place: error.place, cause: error });
  throw error;
}

/** The same error with another message. */
export function restateError(error: unknown, message: string, reason?: ErrorReason): SluiceError {
  if (error instanceof SluiceError) return new SluiceError(reason ?? error.reason, message, { place: error.place, cause: error });
  throw error;
}

/** The options of an error that comes from a place, if that is known. */
export function atPlace(place: ErrorPlace | undefined): { place?: ErrorPlace } {
  return place === undefined ? {} : { place };
}
