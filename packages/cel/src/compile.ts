import type { Ast } from './ast.js';
import type { EvaluationContext } from './context.js';
import { CelCostError, CelError, CelSyntaxError } from './error.js';
import { dispatch, type Library, resultType } from './functions/registry.js';
import { expandMacro } from './macros.js';
import { arithmetic, compare, contains, equals, find, findIndex, index, negate, noOverload, select } from './operators.js';
import {
  bool,
  bytes,
  type CelType,
  double,
  dyn,
  int,
  type Kind,
  listOf,
  mapOf,
  nullType,
  optionalOf,
  showType,
  string,
  typeType,
  uint,
} from './types.js';
import { CelList, CelOptional, CelTypeValue, CelUint, type CelValue, ValueMap } from './values.js';

/** An expression ready to run, with what is known of its result. */
export interface Code {
  readonly type: CelType;
  readonly run: (context: EvaluationContext) => CelValue;
}

/** What the compiler works with: names in scope, functions, the text for messages. */
export class Compiler {
  readonly source: string;
  readonly library: Library;
  readonly #scope: Map<string, { slot: number; type: CelType }>;
  #slots: number;

  constructor(source: string, library: Library, variables: ReadonlyMap<string, CelType>) {
    this.source = source;
    this.library = library;
    this.#scope = new Map([...variables].map(([name, type], slot) => [name, { slot, type }]));
    this.#slots = variables.size;
  }

  /** How many values an evaluation has to hold. */
  get slots(): number {
    return this.#slots;
  }

  /** Compiles with more names in scope, as macros do; gives the slot of each. */
  withNames<T>(names: readonly (readonly [name: string, type: CelType])[], compile: (slots: readonly number[]) => T): T {
    const shadowed = names.map(([name]) => [name, this.#scope.get(name)] as const);
    const slots = names.map(([name, type]) => {
      const slot = this.#slots++;
      this.#scope.set(name, { slot, type });
      return slot;
    });
    const result = compile(slots);
    for (const [name, before] of shadowed.reverse()) {
      if (before === undefined) this.#scope.delete(name);
      else this.#scope.set(name, before);
    }
    return result;
  }

  fail(at: number, detail: string): never {
    throw new CelSyntaxError(this.source, at, detail);
  }

  compile(ast: Ast): Code {
    switch (ast.op) {
      case 'literal':
        return literal(ast.value);
      case 'name':
        return this.#name(ast);
      case 'select':
        return this.#select(ast);
      case 'index':
        return this.#index(ast);
      case 'call':
        return this.#call(ast);
      case 'list':
        return this.#list(ast);
      case 'map':
        return this.#map(ast);
      case 'unary':
        return this.#unary(ast);
      case 'binary':
        return this.#binary(ast);
      case 'ternary': {
        const condition = this.boolean(ast.condition, '_?_:_');
        const yes = this.compile(ast.yes);
        const no = this.compile(ast.no);
        return {
          type: yes.type.kind === no.type.kind ? yes.type : dyn,
          run: (context) => (truth(condition.run(context), '_?_:_') ? yes : no).run(context),
        };
      }
    }
  }

  /** Compiles what has to be a boolean. */
  boolean(ast: Ast, name: string): Code {
    const code = this.compile(ast);
    if (code.type.kind !== 'bool' && code.type.kind !== 'dyn') {
      this.fail(ast.at, `found no matching overload for '${name}' applied to '(${showType(code.type)})'`);
    }
    return code;
  }

  #name(ast: Extract<Ast, { op: 'name' }>): Code {
    const known = this.#scope.get(ast.name);
    if (known !== undefined) {
      const { slot, type } = known;
      return {
        type,
        run: (context) => {
          const value = context.slots[slot];
          if (value === undefined) throw new CelError(`no such attribute: ${ast.name}`);
          return value;
        },
      };
    }
    const type = typeNames.get(ast.name);
    if (type !== undefined) {
      const value = new CelTypeValue(type);
      return { type: typeType, run: () => value };
    }
    return this.fail(ast.at, `undeclared reference to '${ast.name}' (in container '')`);
  }

  #select(ast: Extract<Ast, { op: 'select' }>): Code {
    const { field } = ast;
    const target = this.compile(ast.target);
    const type = this.fieldType(target.type, field, ast.at);
    if (!ast.optional) return { type, run: (context) => (context.spend(), select(target.run(context), field)) };
    return {
      type: type.kind === 'optional' ? type : optionalOf(type),
      run: (context) => optionally(context, target, (value) => find(value, field)),
    };
  }

  /** The type of a field, through optionals; a fault for a field that an object does not have. */
  fieldType(type: CelType, field: string, at: number): CelType {
    switch (type.kind) {
      case 'dyn':
        return dyn;
      case 'map':
        return type.value;
      case 'object': {
        const known = type.fields.get(field);
        return known === undefined ? this.fail(at, `undefined field '${field}'`) : known.type;
      }
      case 'optional':
        return optionalOf(this.fieldType(type.value, field, at));
      default:
        return this.fail(at, `type '${showType(type)}' does not support field selection`);
    }
  }

  #index(ast: Extract<Ast, { op: 'index' }>): Code {
    const target = this.compile(ast.target);
    const key = this.compile(ast.index);
    const element = elementType(target.type);
    if (element === undefined) {
      this.fail(ast.at, `found no matching overload for '_[_]' applied to '(${showType(target.type)}, ${showType(key.type)})'`);
    }
    if (!ast.optional) return { type: element, run: (context) => (context.spend(), index(target.run(context), key.run(context))) };
    return {
      type: element.kind === 'optional' ? element : optionalOf(element),
      run: (context) => optionally(context, target, (value) => findIndex(value, key.run(context))),
    };
  }

  #call(ast: Extract<Ast, { op: 'call' }>): Code {
    const macro = expandMacro(this, ast);
    if (macro !== undefined) return macro;
    const name = qualifiedName(ast, (root) => this.#scope.has(root));
    const isFunction = name !== undefined && this.library.has(name);
    const called = isFunction ? name : ast.name;
    const isMethod = !isFunction && ast.target !== undefined;
    const overloads = (this.library.get(called) ?? []).filter(
      ({ method, params }) => method === isMethod && params.length === ast.args.length + (isMethod ? 1 : 0),
    );
    if (!this.library.has(called)) this.fail(ast.at, `undeclared reference to '${called}' (in container '')`);
    const args = [...(isMethod && ast.target !== undefined ? [ast.target] : []), ...ast.args].map((arg) => this.compile(arg));
    const type =
      overloads.length === 0
        ? undefined
        : resultType(
            overloads,
            args.map((arg) => arg.type),
          );
    if (type === undefined) {
      const types = args.map((arg) => showType(arg.type));
      const shown = isMethod ? `${types[0] ?? ''}.(${types.slice(1).join(', ')})` : `(${types.join(', ')})`;
      this.fail(ast.at, `found no matching overload for '${called}' applied to '${shown}'`);
    }
    return {
      type,
      run: (context) =>
        dispatch(
          called,
          overloads,
          args.map((arg) => arg.run(context)),
          context,
        ),
    };
  }

  #list(ast: Extract<Ast, { op: 'list' }>): Code {
    const items = ast.items.map(({ value, optional }) => ({ ...this.compile(value), optional }));
    return {
      type: listOf(common(items.map((item) => item.type))),
      run: (context) => {
        context.spend(1 + items.length);
        const out: CelValue[] = [];
        for (const { run, optional } of items) {
          const value = run(context);
          if (!optional) out.push(value);
          else if (!(value instanceof CelOptional)) throw noOverload('optional', value);
          else if (value.value !== undefined) out.push(value.value);
        }
        return new CelList(out);
      },
    };
  }

  #map(ast: Extract<Ast, { op: 'map' }>): Code {
    const entries = ast.entries.map(({ key, value, optional }) => ({ key: this.compile(key), value: this.compile(value), optional }));
    return {
      type: mapOf(common(entries.map(({ key }) => key.type)), common(entries.map(({ value }) => value.type))),
      run: (context) => {
        context.spend(1 + entries.length);
        const out: [CelValue, CelValue][] = [];
        for (const { key, value, optional } of entries) {
          const entry = value.run(context);
          if (!optional) out.push([key.run(context), entry]);
          else if (!(entry instanceof CelOptional)) throw noOverload('optional', entry);
          else if (entry.value !== undefined) out.push([key.run(context), entry.value]);
        }
        return new ValueMap(out);
      },
    };
  }

  #unary(ast: Extract<Ast, { op: 'unary' }>): Code {
    if (ast.operator === '!') {
      const operand = this.boolean(ast.operand, '!_');
      return { type: bool, run: (context) => !truth(operand.run(context), '!_') };
    }
    const operand = this.compile(ast.operand);
    return { type: operand.type, run: (context) => negate(operand.run(context)) };
  }

  #binary(ast: Extract<Ast, { op: 'binary' }>): Code {
    const { operator } = ast;
    if (operator === '&&' || operator === '||') {
      const name = `_${operator}_`;
      return logical(operator === '||', this.boolean(ast.left, name), this.boolean(ast.right, name), name);
    }
    const left = this.compile(ast.left);
    const right = this.compile(ast.right);
    const mismatch = (): never =>
      this.fail(
        ast.at,
        `found no matching overload for '${operator === 'in' ? '@in' : `_${operator}_`}' applied to '(${showType(left.type)}, ${showType(right.type)})'`,
      );
    switch (operator) {
      case '==':
      case '!=': {
        if (!comparable(left.type.kind, right.type.kind)) mismatch();
        const wanted = operator === '==';
        return { type: bool, run: (context) => (context.spend(), equals(left.run(context), right.run(context)) === wanted) };
      }
      case 'in':
        if (!['list', 'map', 'object', 'dyn'].includes(right.type.kind)) mismatch();
        return {
          type: bool,
          run: (context) => {
            const item = left.run(context);
            const container = right.run(context);
            context.spend(container instanceof CelList ? container.size : 1);
            return contains(item, container);
          },
        };
      case '<':
      case '<=':
      case '>':
      case '>=': {
        if (!ordered(left.type.kind, right.type.kind)) mismatch();
        return {
          type: bool,
          run: (context) => {
            context.spend();
            const order = compare(operator, left.run(context), right.run(context));
            if (order === undefined) return false;
            return operator === '<' ? order < 0 : operator === '<=' ? order <= 0 : operator === '>' ? order > 0 : order >= 0;
          },
        };
      }
      default: {
        const type = arithmeticType(operator, left.type, right.type) ?? mismatch();
        return {
          type,
          run: (context) => {
            const a = left.run(context);
            const b = right.run(context);
            context.spend(sizeOf(a) + sizeOf(b));
            return arithmetic(operator, a, b);
          },
        };
      }
    }
  }
}

const typeNames = new Map<string, string>(
  ['bool', 'int', 'uint', 'double', 'string', 'bytes', 'list', 'map', 'type', 'null_type', 'optional_type'].map((name) => [name, name]),
);

function literal(value: Extract<Ast, { op: 'literal' }>['value']): Code {
  if (typeof value === 'object' && value !== null && 'uint' in value) {
    const constant = new CelUint(value.uint);
    return { type: uint, run: () => constant };
  }
  const type =
    value === null
      ? nullType
      : typeof value === 'boolean'
        ? bool
        : typeof value === 'bigint'
          ? int
          : typeof value === 'number'
            ? double
            : typeof value === 'string'
              ? string
              : bytes;
  return { type, run: () => value };
}

export function truth(value: CelValue, name: string): boolean {
  if (typeof value !== 'boolean') throw noOverload(name, value);
  return value;
}

/** `&&` and `||`: an error on one side does not count when the other side decides. */
function logical(decisive: boolean, left: Code, right: Code, name: string): Code {
  return {
    type: bool,
    run: (context) => {
      let first: boolean;
      try {
        first = truth(left.run(context), name);
      } catch (error) {
        if (error instanceof CelCostError) throw error;
        if (truth(right.run(context), name) === decisive) return decisive;
        throw error;
      }
      return first === decisive ? decisive : truth(right.run(context), name);
    },
  };
}

function optionally(context: EvaluationContext, target: Code, read: (value: CelValue) => CelValue | undefined): CelValue {
  context.spend();
  const value = target.run(context);
  if (!(value instanceof CelOptional)) return new CelOptional(read(value));
  return value.value === undefined ? value : new CelOptional(read(value.value));
}

function elementType(type: CelType): CelType | undefined {
  switch (type.kind) {
    case 'dyn':
    case 'object':
      return dyn;
    case 'list':
      return type.element;
    case 'map':
      return type.value;
    case 'optional': {
      const element = elementType(type.value);
      return element === undefined ? undefined : optionalOf(element);
    }
    default:
      return undefined;
  }
}

/** The type that all have; dyn when they differ. */
function common(types: readonly CelType[]): CelType {
  const [first = dyn] = types;
  return types.every((type) => type.kind === first.kind) ? first : dyn;
}

const numbers: ReadonlySet<Kind> = new Set<Kind>(['int', 'uint', 'double']);

function comparable(a: Kind, b: Kind): boolean {
  return a === b || a === 'dyn' || b === 'dyn' || a === 'null' || b === 'null' || (isMap(a) && isMap(b));
}

function isMap(kind: Kind): boolean {
  return kind === 'map' || kind === 'object';
}

function ordered(a: Kind, b: Kind): boolean {
  const orderable: readonly Kind[] = ['string', 'bool', 'bytes', 'timestamp', 'duration'];
  if (a === 'dyn' || b === 'dyn') return true;
  return numbers.has(a) ? numbers.has(b) : a === b && orderable.includes(a);
}

function arithmeticType(operator: string, left: CelType, right: CelType): CelType | undefined {
  const a = left.kind;
  const b = right.kind;
  if (a === 'dyn' || b === 'dyn') {
    const known = a === 'dyn' ? right : left;
    // Where one signature alone can fit, its result is known.
    const isOnly = numbers.has(known.kind) || (operator === '+' && (known.kind === 'string' || known.kind === 'bytes'));
    return isOnly ? known : dyn;
  }
  if (a === b && (a === 'int' || a === 'uint' || (a === 'double' && operator !== '%'))) return left;
  if (operator === '+') {
    if (a === b && (a === 'string' || a === 'bytes' || a === 'list' || a === 'duration')) return left;
    if ((a === 'timestamp' && b === 'duration') || (a === 'duration' && b === 'timestamp')) return { kind: 'timestamp' };
  }
  if (operator === '-') {
    if (a === 'duration' && b === 'duration') return left;
    if (a === 'timestamp' && (b === 'duration' || b === 'timestamp')) return b === 'duration' ? left : { kind: 'duration' };
  }
  return undefined;
}

/** `strings.quote` when `strings` is no variable: functions can have a namespace. */
function qualifiedName(ast: Extract<Ast, { op: 'call' }>, isVariable: (name: string) => boolean): string | undefined {
  if (ast.target === undefined) return ast.name;
  const parts = [ast.name];
  let target: Ast | undefined = ast.target;
  while (target.op === 'select' && !target.optional) {
    parts.unshift(target.field);
    target = target.target;
  }
  if (target.op !== 'name' || isVariable(target.name)) return undefined;
  return [target.name, ...parts].join('.');
}

/** What handling a value costs: texts and lists by their length. */
function sizeOf(value: CelValue): number {
  if (typeof value === 'string') return 1 + value.length / 10;
  return value instanceof CelList ? 1 + value.size : 1;
}
