/** A variable, and those that were declared before it. */
interface Variable {
  readonly name: string;
  readonly slot: number;
  readonly before: Variable | undefined;
}

/** A place among the declarations. */
export type Mark = Variable | undefined;

/** The variables that are declared at a place of a template, each with its slot in the frame. */
export class Scope {
  #last: Mark;
  readonly #slots: { next: number };

  constructor(last: Mark = { name: '$', slot: 0, before: undefined }, slots = { next: 1 }) {
    this.#last = last;
    this.#slots = slots;
  }

  /** A variable more; it hides one of the same name. */
  declare(name: string): number {
    const slot = this.#slots.next++;
    this.#last = { name, slot, before: this.#last };
    return slot;
  }

  find(name: string): number | undefined {
    for (let variable = this.#last; variable !== undefined; variable = variable.before) {
      if (variable.name === name) return variable.slot;
    }
    return undefined;
  }

  mark(): Mark {
    return this.#last;
  }

  /** Forgets what was declared since the mark. */
  pop(mark: Mark): void {
    this.#last = mark;
  }

  /** The scope as it is now, for what is compiled later. */
  fork(): Scope {
    return new Scope(this.#last, this.#slots);
  }
}
