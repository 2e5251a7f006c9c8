import { builtins } from './builtins/index.js';
import { compileTemplate, type CompiledTemplate } from './exec/compile.js';
import type { TemplateLimits } from './exec/context.js';
import { Execution, type TemplateScope } from './exec/execution.js';
import type { FunctionTable } from './exec/function.js';
import { isExhaustion } from './exec/invoke.js';
import { isEmptyTree, knownActions, parseTemplate, type KnownActions } from './parse/parse.js';
import { TemplateError } from './template-error.js';
import { joinBytes } from './values/bytes.js';
import type { GoValue } from './values/values.js';

export interface TemplatesOptions {
  /** Besides text/template's own, or in their place. */
  readonly functions?: FunctionTable;
  /** What a key that a map does not have is: `<no value>` (default), the zero value of the map's elements, or an error. */
  readonly missingKey?: 'default' | 'zero' | 'error';
  readonly delims?: readonly [left: string, right: string];
  /** The set's name; error texts tell it. */
  readonly name?: string;
  /** Keeps what is compiled for other sets with the same functions. */
  readonly cache?: TemplateCache;
}

export interface ExecuteOptions {
  readonly limits?: TemplateLimits;
  /** For the functions: they find it in the context that they are called with. */
  readonly host?: unknown;
}

/** A set of templates that see each other. */
export interface Templates {
  /**
   * Adds a text under a name, and what it defines. A later definition takes the place of an earlier one of its name, unless it is
   * empty. Throws a TemplateError for what does not parse.
   */
  readonly parse: (name: string, text: string) => void;
  readonly has: (name: string) => boolean;
  /** The output of a template for some data. Throws a TemplateError. */
  readonly execute: (name: string, data: GoValue, options?: ExecuteOptions) => string;
}

/** An empty set of templates. */
export function createTemplates(options: TemplatesOptions = {}): Templates {
  const set = new TemplateSet(options);
  return {
    parse: (name, text) => void set.parse(name, text),
    has: (name) => set.lookup(name) !== undefined,
    execute: (name, data, { limits = {}, host } = {}) => execute(set, name, data, limits, host),
  };
}

function execute(set: TemplateSet, name: string, data: GoValue, limits: TemplateLimits, host: unknown): string {
  const execution = new Execution(set, limits, host);
  try {
    return joinBytes(execution.render(name, data));
  } catch (error) {
    if (!isExhaustion(error)) throw error;
    const isDepth = (error as Error).message.includes('call stack');
    throw execution.overLimit(isDepth ? 'calls itself, or others, too deeply' : 'makes a text or list that is too long', error);
  }
}

class TemplateSet implements TemplateScope {
  readonly name: string;
  readonly missingKey: 'default' | 'zero' | 'error';
  readonly #options: TemplatesOptions;
  readonly #below: TemplateScope | undefined;
  readonly #templates = new Map<string, CompiledTemplate>();
  readonly #cache: TemplateCache;
  readonly #actions = knownActions();

  constructor(options: TemplatesOptions, below?: TemplateScope) {
    this.#options = options;
    this.#below = below;
    this.name = options.name ?? '';
    this.missingKey = options.missingKey ?? 'default';
    this.#cache = options.cache ?? createTemplateCache();
  }

  lookup(name: string): CompiledTemplate | undefined {
    return this.#templates.get(name) ?? this.#below?.lookup(name);
  }

  parse(name: string, text: string): readonly CompiledTemplate[] {
    const templates = this.#cache.compile(name, text, this.#options, this.#actions);
    for (const template of templates) {
      const before = this.lookup(template.name);
      if (before === undefined || !isEmptyTree(template.root)) this.#templates.set(template.name, template);
    }
    return templates;
  }

  extend(name: string, text: string): { scope: TemplateSet; main: CompiledTemplate } {
    const scope = new TemplateSet({ ...this.#options, cache: this.#cache }, this);
    const main = scope.parse(name, text).findLast((template) => template.name === name);
    if (main === undefined) throw new Error('a text is a template of its own');
    return { scope, main };
  }
}

/** Compiled templates by what they depend on: functions, delimiters, name and text. */
export interface TemplateCache {
  readonly compile: (name: string, text: string, options: TemplatesOptions, actions: KnownActions) => readonly CompiledTemplate[];
}

const NO_FUNCTIONS: FunctionTable = new Map();

/** A cache that holds up to `capacity` characters of templates; what was not used for longest goes first. */
export function createTemplateCache(capacity = 32 * 1024 * 1024): TemplateCache {
  const byFunctions = new WeakMap<FunctionTable, Map<string, readonly CompiledTemplate[]>>();
  let held = 0;
  return {
    compile: (name, text, options, actions) => {
      const functions = options.functions ?? NO_FUNCTIONS;
      let known = byFunctions.get(functions);
      if (known === undefined) byFunctions.set(functions, (known = new Map()));
      const key = JSON.stringify([options.delims ?? [], name]) + text;
      const cached = known.get(key);
      if (cached !== undefined) {
        known.delete(key);
        known.set(key, cached);
        return cached;
      }
      const compiled = compileText(name, text, functions, options.delims, actions);
      known.set(key, compiled);
      held += key.length;
      for (const oldest of known.keys()) {
        if (held <= capacity) break;
        known.delete(oldest);
        held -= oldest.length;
      }
      return compiled;
    },
  };
}

function compileText(
  name: string,
  text: string,
  functions: FunctionTable,
  delims: TemplatesOptions['delims'],
  actions: KnownActions,
): CompiledTemplate[] {
  const options = {
    hasFunction: (word: string) => functions.has(word) || builtins.has(word),
    actions,
    ...(delims === undefined ? {} : { leftDelim: delims[0], rightDelim: delims[1] }),
  };
  try {
    return parseTemplate(name, text, options).templates.map((tree) => compileTemplate(tree, functions, builtins));
  } catch (error) {
    if (!isExhaustion(error)) throw error;
    throw new TemplateError('TemplateOverLimit', `template: ${name}: the template nests too deeply`, undefined, error);
  }
}
