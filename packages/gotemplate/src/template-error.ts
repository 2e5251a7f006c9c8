/** Where in a template something failed. */
export interface TemplatePlace {
  readonly template: string;
  /** From 1. */
  readonly line: number;
  /** In bytes, from 0, as text/template counts; absent for faults of the syntax. */
  readonly column?: number;
}

/** A template that does not parse or run. The message is text/template's, word for word: people search for it. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  readonly place: TemplatePlace;

  constructor(message: string, place: TemplatePlace, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.place = place;
  }
}
