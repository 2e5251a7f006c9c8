import { SluiceError } from '@sluice/core';

/** Runs something; an error of the catalogue gets what was being done before its message. */
export async function worded<T>(what: string, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw wordedError(what, error);
  }
}

/** The same error, with what was being done before its message; faults of the program stay what they are. */
export function wordedError(what: string, error: unknown): unknown {
  if (!(error instanceof SluiceError)) return error;
  return new SluiceError(error.reason, `${what}: ${error.message}`, { place: error.place, cause: error });
}
