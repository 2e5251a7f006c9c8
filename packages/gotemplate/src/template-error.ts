import { SluiceError, type ErrorReason } from '@sluice/core';

/** Where in a template something failed. */
export interface TemplatePlace {
  readonly template: string;
  /** From 1. */
  readonly line: number;
  /** In bytes, from 0, as text/template counts; absent for faults of the syntax. */
  readonly column?: number;
}

/** A template that does not parse or run. The message is text/template's, word for word: people search for it. */
export class TemplateError extends SluiceError {
  constructor(reason: ErrorReason, message: string, place?: TemplatePlace, cause?: unknown) {
    super(reason, message, {
      ...(place === undefined
        ? {}
        : { place: { file: place.template, line: place.line, ...(place.column === undefined ? {} : { column: place.column + 1 }) } }),
      ...(cause === undefined ? {} : { cause }),
    });
  }
}
