import { TemplateError } from '../template-error.js';
import { Lexer, type LexerOptions, type Token } from './lex.js';
import { goQuote } from './literals.js';

/** The tokens of a text, of which the next ones can be looked at, and what is said of a fault. */
export class Tokens {
  /** What was read last of the text: a fault is on its line. */
  lastLexed: Token = { type: 'eof', value: '', spaced: false, position: 0 };
  /** Where the action began that is being read. */
  actionStart: number | undefined;
  readonly name: string;
  readonly text: string;
  readonly #lexer: Lexer;
  /** The next tokens, where they were looked at or given back: never more than two. */
  #first: Token | undefined;
  #second: Token | undefined;

  constructor(name: string, text: string, options: LexerOptions) {
    this.name = name;
    this.text = text;
    this.#lexer = new Lexer(text, options);
  }

  /** Where the next token begins, or the space before it, if none was looked at. */
  get position(): number {
    return this.#lexer.position;
  }

  /** All words of the action that has just begun, if they end as they should. */
  words(): string | undefined {
    return this.#lexer.words();
  }

  /** Takes the words of an action, and its right delimiter. */
  skip(words: string): void {
    this.#lexer.skip(words);
    this.next();
  }

  next(): Token {
    const token = this.#first;
    if (token === undefined) return (this.lastLexed = this.#lexer.next());
    this.#first = this.#second;
    this.#second = undefined;
    return token;
  }

  giveBack(token: Token): void {
    this.#second = this.#first;
    this.#first = token;
  }

  peek(): Token {
    return (this.#first ??= this.lastLexed = this.#lexer.next());
  }

  expect(type: Token['type'], context: string): Token {
    const token = this.next();
    return token.type === type ? token : this.unexpected(token, context);
  }

  unexpected(token: Token, context: string): never {
    if (token.type !== 'error') return this.fail(`unexpected ${shownToken(token)} in ${context}`);
    const startLine = this.actionStart === undefined ? undefined : this.#lineOf(this.actionStart);
    if (startLine === undefined || startLine === this.#lineOf(token.position)) return this.fail(token.value);
    const started = `started at ${this.name}:${startLine}`;
    return this.fail(token.value.endsWith(' action') ? `${token.value} ${started}` : `${token.value} in action ${started}`);
  }

  fail(message: string): never {
    return this.failAt(this.lastLexed.position, message);
  }

  failAt(position: number, message: string): never {
    const line = this.#lineOf(position);
    throw new TemplateError('TemplateInvalid', `template: ${this.name}:${line}: ${message}`, { template: this.name, line });
  }

  #lineOf(position: number): number {
    return this.text.slice(0, position).split('\n').length;
  }
}

function shownToken({ type, value }: Token): string {
  if (type === 'eof') return 'EOF';
  if (type === 'keyword') return `<${value}>`;
  return Array.from(value).length > 10 ? `${goQuote(Array.from(value).slice(0, 10).join(''))}...` : goQuote(value);
}
