import { isSpace, isUpper, toLower, toUpper } from '../values/letters.js';

/** `some-words` as `SomeWords`. */
export function pascalCase(text: string): string {
  const chars = Array.from(text);
  const start = chars.findIndex((char) => !isConnector(char));
  // Connectors at the front stay. Where there is nothing else, the last one comes out twice.
  if (start < 0) return text + (chars.at(-1) ?? '');
  let result = chars.slice(0, start).join('');
  let current = chars[start] ?? '';
  let afterUpper = isUpper(current);
  current = toUpper(current);
  for (const char of chars.slice(start + 1)) {
    const previous = current;
    current = char;
    if (isConnector(current) && isConnector(previous)) {
      result += previous;
      continue;
    }
    if (isConnector(previous)) {
      afterUpper = isUpper(current);
      current = toUpper(current);
      continue;
    }
    // What follows an upper case letter at a word's start is one word with it: `HTTP` is `Http`.
    if (afterUpper) {
      if (isUpper(current)) current = toLower(current);
      else afterUpper = false;
    }
    result += previous;
  }
  return result + current;
}

type WordType = 'none' | 'number' | 'upper' | 'letters' | 'connector' | 'punctuation' | 'other';

interface Word {
  readonly type: WordType;
  readonly text: string;
}

const NO_WORD: Word = { type: 'none', text: '' };

/** `SomeWords` as `some_words` or `some-words`. */
export function joinedCase(text: string, connector: string): string {
  const words = splitWords(text);
  let at = 0;
  const next = (): Word => words[at++] ?? NO_WORD;
  const isAtEnd = (): boolean => at >= words.length;
  let result = '';
  const put = (word: Word): void => {
    result += word.type === 'upper' || word.type === 'connector' ? lowered(word.text, connector) : word.text;
  };
  let word = next();
  while (!isAtEnd()) {
    const previous = word;
    if (word.type !== 'connector') put(word);
    word = next();
    if (previous.type === 'number') {
      while (word.type === 'letters' || word.type === 'number') {
        put(word);
        word = next();
      }
      if (joins(word, 'none')) result += connector;
    } else if (previous.type === 'connector') {
      put(previous);
    } else if (previous.type !== 'punctuation') {
      if (word.type !== 'number') {
        if (joins(word)) result += connector;
      } else if (!isAtEnd()) {
        const number = word;
        word = next();
        if (word.type !== 'letters') {
          // The number belongs to the word before it: `Bld4Floor` is `bld4_floor`.
          put(number);
          if (joins(word)) result += connector;
        } else {
          // Small letters after it make it a word of its own: `HTTP2xx` is `http_2xx`.
          result += connector;
          put(number);
          while (word.type === 'letters' || word.type === 'number') {
            put(word);
            word = next();
          }
          if (joins(word, 'none')) result += connector;
        }
      }
    }
  }
  put(word);
  return result;
}

/** Whether a connector goes before a word. */
function joins({ type }: Word, ...others: WordType[]): boolean {
  return ![...others, 'connector', 'punctuation'].includes(type);
}

function lowered(text: string, connector: string): string {
  return Array.from(text, (char) => (isConnector(char) ? connector : toLower(char))).join('');
}

function splitWords(text: string): Word[] {
  const chars = Array.from(text);
  const words: Word[] = [];
  for (let start = 0; start < chars.length;) {
    const [type, end] = wordAt(chars, start);
    words.push({ type, text: chars.slice(start, end).join('') });
    start = end;
  }
  return words;
}

/** The type and the end of the word that begins at a place. */
function wordAt(chars: readonly string[], start: number): readonly [WordType, number] {
  const first = chars[start] ?? '';
  const second = chars[start + 1] ?? '';
  const run = (test: (char: string) => boolean): number => {
    let end = start + 1;
    while (end < chars.length && test(chars[end] ?? '')) end++;
    return end;
  };
  if (isConnector(first)) return ['connector', run(isConnector)];
  if (isPunctuation(first)) return ['punctuation', run(isPunctuation)];
  if (isUpper(first)) {
    if (isUpper(second)) {
      const end = run(isUpper);
      // The last capital begins the word after: `HTTPStatus` is `HTTP` and `Status`.
      return ['upper', isAlphabet(chars[end] ?? '') ? end - 1 : end];
    }
    return ['upper', isAlphabet(second) ? run(isSmallLetter) : start + 1];
  }
  if (isAlphabet(first)) return ['letters', run(isSmallLetter)];
  if (isNumber(first)) return ['number', run(isNumber)];
  return ['other', run((char) => !isConnector(char) && !isAlphabet(char) && !isNumber(char) && !isPunctuation(char))];
}

function isConnector(char: string): boolean {
  return char === '-' || char === '_' || isSpace(char);
}

function isPunctuation(char: string): boolean {
  return /^\p{P}$/u.test(char);
}

function isNumber(char: string): boolean {
  return /^\p{N}$/u.test(char);
}

/** A letter of a script with cases; the others stand alone. */
function isAlphabet(char: string): boolean {
  return /^\p{L}$/u.test(char) && !/^\p{Script=Han}$/u.test(char);
}

function isSmallLetter(char: string): boolean {
  return isAlphabet(char) && !isUpper(char);
}
