/** A variable, and those that were declared before it. */
interface Variable {
  readonly name: string;
  readonly slot: number;
  readonly before: Variable | undefined;
}

/** A place among the declarations. */
export type Mark = Variable;

/** The variables that are declared at a place of a template, each with its slot in the frame: what ends leaves its slot to others. */
export class Scope {
  #last: Mark;

  constructor(last: Mark = { name: '$', slot: 0, before: undefined }) {
    this.#last = last;
  }

  /** How many variables there are. */
  get depth(): number {
    return this.#last.slot + 1;
  }

  /** A variable more; it hides one of the same name. */
  declare(name: string): number {
    this.#last = { name, slot: this.depth, before: this.#last };
    return this.#last.slot;
  }

  find(name: string): number | undefined {
    for (let variable: Variable | undefined = this.#last; variable !== undefined; variable = variable.before) {
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

  /** The names of what was declared since the mark. */
  since(mark: Mark): string[] {
    const names: string[] = [];
    for (let variable = this.#last; variable !== mark && variable.before !== undefined; variable = variable.before)
      names.unshift(variable.name);
    return names;
  }
}
