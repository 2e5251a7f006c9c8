import type { Ast } from './ast.js';
import type { Code, Compiler } from './compile.js';
import type { EvaluationContext } from './context.js';
import { CelCostError, CelError } from './error.js';
import { compare, equals, find, noOverload } from './operators.js';
import { bool, type CelType, dyn, int, listOf, mapOf, optionalOf } from './types.js';
import { CelList, CelMap, CelOptional, type CelValue, ValueMap } from './values.js';

type Call = Extract<Ast, { op: 'call' }>;

/** The code of a macro call; undefined when it is none. */
export function expandMacro(compiler: Compiler, call: Call): Code | undefined {
  const { target, name, args } = call;
  if (target === undefined) return name === 'has' && args.length === 1 ? has(compiler, args[0] as Ast) : undefined;
  if (target.op === 'name' && target.name === 'cel' && name === 'bind' && args.length === 3) return bind(compiler, args);
  switch (name) {
    case 'all':
      return quantifier(compiler, target, args, false);
    case 'exists':
      return quantifier(compiler, target, args, true);
    case 'exists_one':
    case 'existsOne':
      return existsOne(compiler, target, args);
    case 'filter':
      return args.length === 2 ? collect(compiler, target, [args[0] as Ast], args[1], undefined) : undefined;
    case 'map':
      if (args.length === 2) return collect(compiler, target, [args[0] as Ast], undefined, args[1]);
      return args.length === 3 ? collect(compiler, target, [args[0] as Ast], args[1], args[2]) : undefined;
    case 'transformList':
      if (args.length === 3) return collect(compiler, target, args.slice(0, 2), undefined, args[2]);
      return args.length === 4 ? collect(compiler, target, args.slice(0, 2), args[2], args[3]) : undefined;
    case 'transformMap':
    case 'transformMapEntry':
      return args.length === 3 || args.length === 4 ? transformMap(compiler, target, args, name === 'transformMapEntry') : undefined;
    case 'sortBy':
      return args.length === 2 ? sortBy(compiler, target, args) : undefined;
    case 'optMap':
    case 'optFlatMap':
      return args.length === 2 ? optionalMap(compiler, target, args, name === 'optFlatMap') : undefined;
    default:
      return undefined;
  }
}

function has(compiler: Compiler, arg: Ast): Code {
  if (arg.op !== 'select') return compiler.fail(arg.at, 'invalid argument to has() macro');
  const target = compiler.compile(arg.target);
  compiler.fieldType(target.type, arg.field, arg.at);
  const { field } = arg;
  return {
    type: bool,
    run: (context) => {
      context.spend();
      const value = target.run(context);
      if (value instanceof CelOptional) return value.value !== undefined && find(value.value, field) !== undefined;
      return find(value, field) !== undefined;
    },
  };
}

function bind(compiler: Compiler, args: readonly Ast[]): Code {
  const name = simpleName(compiler, args[0] as Ast);
  const value = compiler.compile(args[1] as Ast);
  return compiler.withNames([[name, value.type]], ([slot = 0]) => {
    const body = compiler.compile(args[2] as Ast);
    return {
      type: body.type,
      run: (context) => {
        context.slots[slot] = value.run(context);
        return body.run(context);
      },
    };
  });
}

function simpleName(compiler: Compiler, ast: Ast): string {
  return ast.op === 'name' ? ast.name : compiler.fail(ast.at, 'argument must be a simple name');
}

/** A range to go through: the items of a list, the keys of a map; with two names also their index or value. */
interface Range {
  readonly type: CelType;
  readonly names: readonly (readonly [string, CelType])[];
  readonly code: Code;
}

function rangeOf(compiler: Compiler, target: Ast, names: readonly Ast[]): Range {
  const code = compiler.compile(target);
  const { type } = code;
  if (type.kind !== 'list' && type.kind !== 'map' && type.kind !== 'object' && type.kind !== 'dyn') {
    compiler.fail(target.at, `expression of type '${type.kind}' cannot be range of a comprehension (must be list, map, or dynamic)`);
  }
  const [first, second] = names.map((name) => simpleName(compiler, name));
  const key = type.kind === 'map' ? type.key : type.kind === 'object' ? ({ kind: 'string' } as const) : dyn;
  const value = type.kind === 'list' ? type.element : type.kind === 'map' ? type.value : dyn;
  if (second === undefined) return { type, code, names: [[first ?? '', type.kind === 'list' ? value : key]] };
  return {
    type,
    code,
    names: [
      [first ?? '', type.kind === 'list' ? int : key],
      [second, value],
    ],
  };
}

/** Goes through a range with its names set; stops when `step` returns true. */
function iterate(range: CelValue, slots: readonly number[], context: EvaluationContext, step: () => boolean | void): void {
  const [first = 0, second] = slots;
  if (range instanceof CelList) {
    for (let index = 0; index < range.size; index++) {
      context.spend();
      if (second === undefined) context.slots[first] = range.at(index);
      else {
        context.slots[first] = BigInt(index);
        context.slots[second] = range.at(index);
      }
      if (step() === true) return;
    }
    return;
  }
  if (!(range instanceof CelMap)) throw noOverload('comprehension', range);
  for (const key of range.keys()) {
    context.spend();
    context.slots[first] = key;
    if (second !== undefined) context.slots[second] = range.get(key) ?? null;
    if (step() === true) return;
  }
}

/** `all` and `exists`: as with `&&` and `||`, an error counts only when no element decides. */
function quantifier(compiler: Compiler, target: Ast, args: readonly Ast[], decisive: boolean): Code | undefined {
  if (args.length !== 2 && args.length !== 3) return undefined;
  const range = rangeOf(compiler, target, args.slice(0, -1));
  return compiler.withNames(range.names, (slots) => {
    const condition = compiler.boolean(args[args.length - 1] as Ast, decisive ? '_||_' : '_&&_');
    return {
      type: bool,
      run: (context) => {
        let failure: unknown;
        let decided = false;
        iterate(range.code.run(context), slots, context, () => {
          try {
            const value = condition.run(context);
            if (typeof value !== 'boolean') throw noOverload(decisive ? '_||_' : '_&&_', value);
            decided = value === decisive;
          } catch (error) {
            if (error instanceof CelCostError) throw error;
            failure ??= error;
          }
          return decided;
        });
        if (!decided && failure !== undefined) throw failure as Error;
        return decided ? decisive : !decisive;
      },
    };
  });
}

function existsOne(compiler: Compiler, target: Ast, args: readonly Ast[]): Code | undefined {
  if (args.length !== 2 && args.length !== 3) return undefined;
  const range = rangeOf(compiler, target, args.slice(0, -1));
  return compiler.withNames(range.names, (slots) => {
    const condition = compiler.boolean(args[args.length - 1] as Ast, '_?_:_');
    return {
      type: bool,
      run: (context) => {
        let count = 0;
        iterate(range.code.run(context), slots, context, () => {
          if (condition.run(context) === true) count++;
        });
        return count === 1;
      },
    };
  });
}

/** `filter`, `map` and `transformList`. */
function collect(compiler: Compiler, target: Ast, names: readonly Ast[], filter: Ast | undefined, transform: Ast | undefined): Code {
  const range = rangeOf(compiler, target, names);
  return compiler.withNames(range.names, (slots) => {
    const condition = filter === undefined ? undefined : compiler.boolean(filter, '_?_:_');
    const body = transform === undefined ? undefined : compiler.compile(transform);
    const element = body?.type ?? range.names[0]?.[1] ?? dyn;
    const [item = 0] = slots;
    return {
      type: listOf(element),
      run: (context) => {
        const out: CelValue[] = [];
        iterate(range.code.run(context), slots, context, () => {
          if (condition !== undefined && condition.run(context) !== true) return;
          out.push(body === undefined ? (context.slots[item] as CelValue) : body.run(context));
        });
        return new CelList(out);
      },
    };
  });
}

function transformMap(compiler: Compiler, target: Ast, args: readonly Ast[], isEntry: boolean): Code {
  const range = rangeOf(compiler, target, args.slice(0, 2));
  return compiler.withNames(range.names, (slots) => {
    const condition = args.length === 4 ? compiler.boolean(args[2] as Ast, '_?_:_') : undefined;
    const body = compiler.compile(args[args.length - 1] as Ast);
    const [key = 0] = slots;
    return {
      type: isEntry ? mapOf(dyn, dyn) : mapOf(range.names[0]?.[1] ?? dyn, body.type),
      run: (context) => {
        const out: [CelValue, CelValue][] = [];
        iterate(range.code.run(context), slots, context, () => {
          if (condition !== undefined && condition.run(context) !== true) return;
          const value = body.run(context);
          if (!isEntry) out.push([context.slots[key] as CelValue, value]);
          else if (!(value instanceof CelMap)) throw noOverload('transformMapEntry', value);
          else for (const name of value.keys()) out.push([name, value.get(name) ?? null]);
        });
        return new ValueMap(out);
      },
    };
  });
}

function sortBy(compiler: Compiler, target: Ast, args: readonly Ast[]): Code {
  const range = rangeOf(compiler, target, args.slice(0, 1));
  return compiler.withNames(range.names, (slots) => {
    const key = compiler.compile(args[1] as Ast);
    const [item = 0] = slots;
    return {
      type: range.type,
      run: (context) => {
        const keyed: { key: CelValue; value: CelValue }[] = [];
        iterate(range.code.run(context), slots, context, () => {
          keyed.push({ key: key.run(context), value: context.slots[item] as CelValue });
        });
        keyed.sort((a, b) => (equals(a.key, b.key) ? 0 : (compare('<', a.key, b.key) ?? 0)));
        return new CelList(keyed.map(({ value }) => value));
      },
    };
  });
}

function optionalMap(compiler: Compiler, target: Ast, args: readonly Ast[], isFlat: boolean): Code {
  const code = compiler.compile(target);
  const name = simpleName(compiler, args[0] as Ast);
  const inner = code.type.kind === 'optional' ? code.type.value : dyn;
  return compiler.withNames([[name, inner]], ([slot = 0]) => {
    const body = compiler.compile(args[1] as Ast);
    return {
      type: isFlat ? body.type : optionalOf(body.type),
      run: (context) => {
        const value = code.run(context);
        if (!(value instanceof CelOptional)) throw new CelError('no such overload: optMap');
        if (value.value === undefined) return value;
        context.slots[slot] = value.value;
        const result = body.run(context);
        return isFlat ? result : new CelOptional(result);
      },
    };
  });
}
