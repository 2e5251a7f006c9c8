import { SluiceError } from './errors.js';

/** Decides by an object's labels. */
export type LabelSelector = (labels: ReadonlyMap<string, string> | Readonly<Record<string, string>> | undefined) => boolean;

type Requirement = (value: string | undefined) => boolean;

interface Token {
  readonly text: string;
  readonly kind: 'identifier' | 'symbol' | 'in' | 'notin' | 'end';
}

const SYMBOLS = '!=<>(),';

/**
 * Reads a label selector (`app=web,tier in (a,b),!canary`) as apimachinery does; the empty one selects everything. Throws
 * `SelectorInvalid` in apimachinery's words.
 */
export function parseLabelSelector(text: string): LabelSelector {
  const requirements = text.trim() === '' ? [] : new Parser(tokenize(text)).parse();
  return (labels) => requirements.every(({ key, test }) => test(valueOf(labels, key)));
}

function valueOf(labels: Parameters<LabelSelector>[0], key: string): string | undefined {
  if (labels === undefined) return undefined;
  if (labels instanceof Map) return labels.get(key);
  const record = labels as Readonly<Record<string, string>>;
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const char = text[at]!;
    if (/\s/.test(char)) {
      at++;
    } else if (SYMBOLS.includes(char)) {
      const two = text.slice(at, at + 2);
      const symbol = two === '==' || two === '!=' ? two : char;
      tokens.push({ text: symbol, kind: 'symbol' });
      at += symbol.length;
    } else {
      let end = at;
      while (end < text.length && !SYMBOLS.includes(text[end]!) && !/\s/.test(text[end]!)) end++;
      const word = text.slice(at, end);
      tokens.push({ text: word, kind: word === 'in' || word === 'notin' ? word : 'identifier' });
      at = end;
    }
  }
  tokens.push({ text: '', kind: 'end' });
  return tokens;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): { key: string; test: Requirement }[] {
    const requirements: { key: string; test: Requirement }[] = [];
    for (;;) {
      const first = this.#peek();
      if (isWord(first) || first.text === '!') {
        requirements.push(this.#requirement());
        const after = this.#next();
        if (after.kind === 'end') return requirements;
        if (after.text !== ',') throw invalid(`found '${after.text}', expected: ',' or 'end of string'`);
        const following = this.#peek();
        if (!isWord(following) && following.text !== '!') throw invalid(`found '${following.text}', expected: identifier after ','`);
      } else if (first.kind === 'end') {
        return requirements;
      } else {
        throw invalid(`found '${first.text}', expected: !, identifier, or 'end of string'`);
      }
    }
  }

  #requirement(): { key: string; test: Requirement } {
    const negated = this.#peek().text === '!';
    if (negated) this.#next();
    const word = this.#next();
    if (!isWord(word)) throw unparsable(`found '${word.text}', expected: identifier`);
    const key = word.text;
    checkKey(key);
    if (negated) return { key, test: (value) => value === undefined };
    const operator = this.#peek();
    if (operator.kind === 'end' || operator.text === ',') return { key, test: (value) => value !== undefined };
    this.#next();
    switch (operator.text) {
      case 'in':
      case 'notin': {
        const values = this.#values();
        for (const [index, value] of values.entries()) checkValue(key, value, index);
        const set = new Set(values);
        return {
          key,
          test:
            operator.text === 'in' ? (value) => value !== undefined && set.has(value) : (value) => value === undefined || !set.has(value),
        };
      }
      case '=':
      case '==':
      case '!=': {
        const wanted = this.#value();
        checkValue(key, wanted, 0);
        return { key, test: operator.text === '!=' ? (value) => value !== wanted : (value) => value === wanted };
      }
      case '<':
      case '>': {
        const limit = this.#value();
        if (!/^[+-]?\d+$/.test(limit)) {
          throw unparsable(`values[0]: Invalid value: ${JSON.stringify(limit)}: for 'Gt', 'Lt' operators, the value must be an integer`);
        }
        const bound = BigInt(limit);
        const isAbove = operator.text === '>';
        return {
          key,
          test: (value) => value !== undefined && /^[+-]?\d+$/.test(value) && (isAbove ? BigInt(value) > bound : BigInt(value) < bound),
        };
      }
      default:
        throw unparsable(`found '${operator.text}', expected: in, notin, =, ==, !=, gt, lt`);
    }
  }

  /** The value after `=`: nothing at all is the empty one. */
  #value(): string {
    const token = this.#peek();
    if (token.kind === 'end' || token.text === ',') return '';
    this.#next();
    if (!isWord(token)) throw unparsable(`found '${token.text}', expected: identifier`);
    return token.text;
  }

  #values(): string[] {
    const open = this.#next();
    if (open.text !== '(' || open.kind !== 'symbol') throw unparsable(`found '${open.text}' expected: '('`);
    const values: string[] = [];
    if (!isWord(this.#peek()) && this.#peek().text !== ',' && this.#peek().text !== ')') {
      throw unparsable(`found '${this.#peek().text}', expected: ',', ')' or identifier`);
    }
    let expectsValue = true;
    for (;;) {
      const token = this.#next();
      if (isWord(token) && expectsValue) {
        values.push(token.text);
        expectsValue = false;
      } else if (token.text === ',' && token.kind === 'symbol') {
        if (expectsValue) values.push('');
        expectsValue = true;
      } else if (token.text === ')' && token.kind === 'symbol') {
        if (expectsValue) values.push('');
        return values;
      } else {
        throw unparsable(`found '${token.text}', expected: ',' or ')'`);
      }
    }
  }

  #peek(): Token {
    return this.#tokens[this.#at]!;
  }

  #next(): Token {
    const token = this.#tokens[this.#at]!;
    if (token.kind !== 'end') this.#at++;
    return token;
  }
}

/** `in` and `notin` are words like any other where no operator can be. */
function isWord(token: Token): boolean {
  return token.kind === 'identifier' || token.kind === 'in' || token.kind === 'notin';
}

function invalid(message: string): SluiceError {
  return new SluiceError('SelectorInvalid', message);
}

function unparsable(why: string): SluiceError {
  return invalid(`unable to parse requirement: ${why}`);
}

const NAME = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const PREFIX = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const NAME_RULE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const PREFIX_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

function checkKey(key: string): void {
  const faults: string[] = [];
  const parts = key.split('/');
  const name = parts.at(-1)!;
  if (parts.length > 2)
    faults.push(`a qualified name ${NAME_RULE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`);
  else {
    const prefix = parts.length === 2 ? parts[0]! : undefined;
    if (prefix === '') faults.push('prefix part must be non-empty');
    else if (prefix !== undefined && !PREFIX.test(prefix)) faults.push(`prefix part ${PREFIX_RULE}`);
    if (name === '') faults.push('name part must be non-empty');
    else if (name.length > 63) faults.push('name part must be no more than 63 characters');
    if (!NAME.test(name)) faults.push(`name part ${NAME_RULE}`);
  }
  if (faults.length > 0) throw unparsable(`<nil>: Invalid value: ${JSON.stringify(key)}: ${faults.join('; ')}`);
}

function checkValue(key: string, value: string, index: number): void {
  const faults: string[] = [];
  if (value.length > 63) faults.push('must be no more than 63 characters');
  if (value !== '' && !NAME.test(value)) {
    faults.push(
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    );
  }
  if (faults.length > 0) throw unparsable(`values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${faults.join('; ')}`);
}
