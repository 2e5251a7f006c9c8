import { SluiceError, type ErrorPlace } from '@sluice/core';

/** ` [apps/base/deployment.yaml:1]` at the end of a message: where in the artifact what it speaks of is written, if it does not say so itself. */
export function withPlace(message: string, place: ErrorPlace | undefined): string {
  if (place?.file === undefined) return message;
  const where = place.line === undefined ? place.file : `${place.file}:${place.line}`;
  return message.includes(where) ? message : `${message} [${where}]`;
}

/** The place that an error, or one that it stems from, knows. */
export function placeOf(error: unknown): ErrorPlace | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof SluiceError && cause.place.file !== undefined) return cause.place;
  }
  return undefined;
}
