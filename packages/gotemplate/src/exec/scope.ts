/** The variables that are declared at a place of a template, each with its slot in the frame. */
export class Scope {
  readonly #variables: { readonly name: string; readonly slot: number }[];
  readonly #slots: { next: number };

  constructor(variables: readonly { readonly name: string; readonly slot: number }[] = [{ name: '$', slot: 0 }], slots = { next: 1 }) {
    this.#variables = [...variables];
    this.#slots = slots;
  }

  /** A variable more; it hides one of the same name. */
  declare(name: string): number {
    const slot = this.#slots.next++;
    this.#variables.push({ name, slot });
    return slot;
  }

  find(name: string): number | undefined {
    return this.#variables.findLast((variable) => variable.name === name)?.slot;
  }

  mark(): number {
    return this.#variables.length;
  }

  /** Forgets what was declared since the mark. */
  pop(mark: number): void {
    this.#variables.length = mark;
  }

  /** The scope as it is now, for what is compiled later. */
  fork(): Scope {
    return new Scope(this.#variables, this.#slots);
  }
}
