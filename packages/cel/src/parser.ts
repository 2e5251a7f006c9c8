import type { Ast } from './ast.js';
import { CelSyntaxError } from './error.js';
import { type Token, tokenize } from './lexer.js';

/** What may begin an operand, as the parser of the API server says it. */
const OPERANDS = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

/** Expressions inside each other. */
const MAX_DEPTH = 100;

/** Parses an expression; throws a CelSyntaxError. */
export function parse(source: string): Ast {
  return new Parser(source).parse();
}

const reserved = new Set('as break const continue else for function if import let loop package namespace return var void while'.split(' '));

/** Binary operators by how tightly they bind, the loosest first. */
const levels: readonly (readonly string[])[] = [['||'], ['&&'], ['<', '<=', '>', '>=', '==', '!=', 'in'], ['+', '-'], ['*', '/', '%']];

class Parser {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
    this.#tokens = tokenize(source);
  }

  parse(): Ast {
    const expression = this.#expression();
    const token = this.#peek();
    if (token.kind !== 'end') this.#unexpected(token);
    return expression;
  }

  #expression(): Ast {
    if (++this.#depth > MAX_DEPTH) this.#fail(this.#peek().at, 'expression recursion limit exceeded');
    const condition = this.#binary(0);
    let result = condition;
    if (this.#take('?') !== undefined) {
      const yes = this.#binary(0);
      this.#expect(':');
      result = { op: 'ternary', at: condition.at, condition, yes, no: this.#expression() };
    }
    this.#depth--;
    return result;
  }

  #binary(level: number): Ast {
    const operators = levels[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const token = this.#peek();
      if (!operators.includes(token.text) || (token.kind !== 'symbol' && token.text !== 'in') || token.kind === 'string') return left;
      this.#at++;
      left = { op: 'binary', at: token.at, operator: token.text, left, right: this.#binary(level + 1) };
    }
  }

  #unary(): Ast {
    const token = this.#peek();
    if (token.kind !== 'symbol' || (token.text !== '!' && token.text !== '-')) return this.#member();
    let count = 0;
    while (this.#take(token.text) !== undefined) count++;
    const next = this.#peek();
    // The sign belongs to a literal: the smallest integer has no positive counterpart.
    if (token.text === '-' && count % 2 === 1 && (next.kind === 'int' || next.kind === 'double')) {
      this.#at++;
      const value = next.kind === 'int' ? -(next.value as bigint) : -(next.value as number);
      return this.#members({ op: 'literal', at: next.at, value });
    }
    const operand = this.#member();
    return count % 2 === 0 ? operand : { op: 'unary', at: token.at, operator: token.text, operand };
  }

  #member(): Ast {
    return this.#members(this.#primary());
  }

  #members(start: Ast): Ast {
    let target = start;
    for (;;) {
      const dot = this.#take('.');
      if (dot !== undefined) {
        const optional = this.#take('?') !== undefined;
        const token = this.#peek();
        if (token.kind !== 'name' && token.kind !== 'quoted') this.#noAlternative(dot);
        this.#at++;
        const open = optional || token.kind === 'quoted' ? undefined : this.#take('(');
        target =
          open === undefined
            ? { op: 'select', at: dot.at, target, field: token.text, optional }
            : { op: 'call', at: open.at, target, name: token.text, args: this.#arguments() };
        continue;
      }
      const bracket = this.#take('[');
      if (bracket === undefined) return target;
      const optional = this.#take('?') !== undefined;
      const index = this.#expression();
      this.#expect(']');
      target = { op: 'index', at: bracket.at, target, index, optional };
    }
  }

  #primary(): Ast {
    const token = this.#peek();
    this.#at++;
    const { at } = token;
    switch (token.kind) {
      case 'int':
        if (token.value === 9223372036854775808n) this.#fail(at, 'invalid int literal');
        return { op: 'literal', at, value: token.value as bigint };
      case 'uint':
        return { op: 'literal', at, value: { uint: token.value as bigint } };
      case 'double':
        return { op: 'literal', at, value: token.value as number };
      case 'string':
        return { op: 'literal', at, value: token.text };
      case 'bytes':
        return { op: 'literal', at, value: token.value as Uint8Array };
      case 'name':
        return this.#name(token);
      default:
    }
    switch (token.text) {
      case '(': {
        const inner = this.#expression();
        this.#expect(')');
        return inner;
      }
      case '[':
        return this.#list(at);
      case '{':
        return this.#map(at);
      case '.': {
        const next = this.#peek();
        if (next.kind !== 'name') this.#unexpected(next);
        this.#at++;
        return this.#name(next);
      }
      default:
        return this.#fail(token.at, `Syntax error: mismatched input '${token.text}' expecting ${OPERANDS}`);
    }
  }

  #name({ text, at }: Token): Ast {
    if (text === 'true' || text === 'false') return { op: 'literal', at, value: text === 'true' };
    if (text === 'null') return { op: 'literal', at, value: null };
    if (reserved.has(text)) this.#fail(at, `reserved identifier: ${text}`);
    const open = this.#take('(');
    if (open !== undefined) return { op: 'call', at: open.at, target: undefined, name: text, args: this.#arguments() };
    return { op: 'name', at, name: text };
  }

  #arguments(): Ast[] {
    const args: Ast[] = [];
    if (this.#take(')') !== undefined) return args;
    do args.push(this.#expression());
    while (this.#take(',') !== undefined);
    this.#expect(')');
    return args;
  }

  #list(at: number): Ast {
    const items: { value: Ast; optional: boolean }[] = [];
    while (this.#take(']') === undefined) {
      const optional = this.#take('?') !== undefined;
      items.push({ value: this.#expression(), optional });
      if (this.#take(',') === undefined) {
        this.#expect(']');
        break;
      }
    }
    return { op: 'list', at, items };
  }

  #map(at: number): Ast {
    const entries: { key: Ast; value: Ast; optional: boolean }[] = [];
    while (this.#take('}') === undefined) {
      const optional = this.#take('?') !== undefined;
      const key = this.#expression();
      this.#expect(':');
      entries.push({ key, value: this.#expression(), optional });
      if (this.#take(',') === undefined) {
        this.#expect('}');
        break;
      }
    }
    return { op: 'map', at, entries };
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? (this.#tokens[this.#tokens.length - 1] as Token);
  }

  #take(symbol: string): Token | undefined {
    const token = this.#peek();
    if (token.kind !== 'symbol' || token.text !== symbol) return undefined;
    this.#at++;
    return token;
  }

  #expect(symbol: string): void {
    if (this.#take(symbol) === undefined) this.#unexpected(this.#peek());
  }

  #noAlternative(token: Token): never {
    const next = this.#peek();
    return this.#fail(next.at, `Syntax error: no viable alternative at input '${token.text}${next.kind === 'end' ? '' : next.text}'`);
  }

  #unexpected(token: Token): never {
    return this.#fail(token.at, `Syntax error: mismatched input '${token.text}'`);
  }

  #fail(at: number, detail: string): never {
    throw new CelSyntaxError(this.#source, at, detail);
  }
}
