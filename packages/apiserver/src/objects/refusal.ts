/** One cause in the details of a Status. */
export interface RefusalCause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

/**
 * What the object engine refuses to do, as the Status that the server answers with. `reason` is undefined for the few
 * answers that the real server gives without one (500 for an applied object that is not of its type).
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: number;
  readonly reason: string | undefined;
  readonly causes: readonly RefusalCause[];

  constructor(code: number, reason: string | undefined, message: string, causes: readonly RefusalCause[] = []) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.causes = causes;
  }
}

export function badRequest(message: string): Refusal {
  return new Refusal(400, 'BadRequest', message);
}

export function internal(message: string): Refusal {
  return new Refusal(500, undefined, message);
}
