import { TemplateError } from '../template-error.js';
import { Lexer, type LexerOptions, type Token } from './lex.js';
import { goQuote } from './literals.js';

/** A lexer whose next tokens can be looked at, and what is said of a fault. */
export class Tokens extends Lexer {
  /** Where what was read last of the text begins: a fault is on its line. */
  lastPosition = 0;
  /** Whether faults tell where the action began. */
  tellsStart = false;
  readonly name: string;
  readonly text: string;
  /** The next tokens, where they were looked at or given back: never more than two. */
  private first: Token | undefined;
  private second: Token | undefined;

  constructor(name: string, text: string, options: LexerOptions) {
    super(text, options);
    this.name = name;
    this.text = text;
  }

  next(): Token {
    const token = this.first;
    if (token === undefined) return this.lexed();
    this.first = this.second;
    this.second = undefined;
    return token;
  }

  giveBack(token: Token): void {
    this.second = this.first;
    this.first = token;
  }

  peek(): Token {
    return (this.first ??= this.lexed());
  }

  private lexed(): Token {
    const token = this.lex();
    this.lastPosition = token.position;
    return token;
  }

  expect(type: Token['type'], context: string): Token {
    const token = this.next();
    return token.type === type ? token : this.unexpected(token, context);
  }

  unexpected(token: Token, context: string): never {
    if (token.type !== 'error') return this.fail(`unexpected ${shownToken(token)} in ${context}`);
    const startLine = this.lineOf(this.actionStart);
    if (!this.tellsStart || startLine === this.lineOf(token.position)) return this.fail(token.value);
    const started = `started at ${this.name}:${startLine}`;
    return this.fail(token.value.endsWith(' action') ? `${token.value} ${started}` : `${token.value} in action ${started}`);
  }

  fail(message: string): never {
    return this.failAt(this.lastPosition, message);
  }

  failAt(position: number, message: string): never {
    const line = this.lineOf(position);
    throw new TemplateError('TemplateInvalid', `template: ${this.name}:${line}: ${message}`, { template: this.name, line });
  }

  private lineOf(position: number): number {
    return this.text.slice(0, position).split('\n').length;
  }
}

function shownToken({ type, value: whole }: Token): string {
  if (type === 'eof') return 'EOF';
  if (type === 'keyword') return `<${whole}>`;
  // Of fields that follow each other, text/template has read but the first.
  const value = type === 'field' ? `.${whole.split('.')[1]}` : whole;
  return Array.from(value).length > 10 ? `${goQuote(Array.from(value).slice(0, 10).join(''))}...` : goQuote(value);
}
