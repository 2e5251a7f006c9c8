import assert from 'node:assert/strict';
import { SluiceError } from '@sluice/core';

/** For `assert.rejects` and `assert.throws`: an error of the catalogue, with its reason and message. */
export function failing(reason: string, message: RegExp): (error: unknown) => true {
  return (error) => {
    assert(error instanceof SluiceError, String(error));
    assert.equal(error.reason, reason, error.message);
    assert.match(error.message, message);
    return true;
  };
}
