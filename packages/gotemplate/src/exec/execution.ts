import { printNode, type CommandNode, type Node, type Operand } from '../parse/nodes.js';
import { byteLength } from '../values/bytes.js';
import { TemplateError, type TemplatePlace } from '../template-error.js';
import { isLargerThan } from '../values/size.js';
import type { GoValue } from '../values/values.js';
import type { CompiledTemplate } from './compile.js';
import type { CallContext, TemplateLimits } from './context.js';
import { goQuote } from '../parse/literals.js';

/** What an execution needs of the set of templates that it is in. */
export interface TemplateScope {
  /** The set's name, for errors. */
  readonly name: string;
  readonly missingKey: 'default' | 'zero' | 'error';
  readonly lookup: (name: string) => CompiledTemplate | undefined;
  /** A set on top of this one, with the templates of a text, and the text's own: even where it is empty and replaces none. */
  readonly extend: (name: string, text: string) => { readonly scope: TemplateScope; readonly main: CompiledTemplate };
}

const DEFAULT_LIMITS: Required<TemplateLimits> = {
  steps: 50_000_000,
  textLength: 64 * 1024 * 1024,
  listLength: 5_000_000,
  depth: 100_000,
  isOver: () => false,
};

/** How often `isOver` is asked: a step takes well under a microsecond. */
const STEPS_PER_QUESTION = 4_096;

/**
 * How deep in templates a text may still be made a template. Reading it takes regular expressions, and where V8 compiles one
 * with the last of its stack it ends the whole process: no error that could be caught, and no worker that keeps it to itself.
 */
const TEXT_DEPTH = 200;

/** One execution: its output, its limits, and where it is. */
export class Execution implements CallContext {
  readonly host: unknown;
  readonly limits: Readonly<Required<TemplateLimits>>;
  /** The templates that are seen now: inside of a text that is rendered on the way, those of that text as well. */
  scope: TemplateScope;
  output = '';
  /** The innermost template, to say where it was when the stack is used up. */
  frame: Frame | undefined;
  depth = 0;
  #steps = 0;

  constructor(scope: TemplateScope, limits: TemplateLimits, host: unknown) {
    this.scope = scope;
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    this.host = host;
  }

  /** Counts a step. */
  step(): void {
    if (++this.#steps % STEPS_PER_QUESTION !== 0) return;
    if (this.#steps > this.limits.steps) this.#stop(`takes more than ${this.limits.steps} steps`);
    if (this.limits.isOver()) this.#stop('takes too long');
  }

  write(text: string): void {
    this.output += text;
    if (this.output.length > this.limits.textLength) this.#stop(`puts out more than ${this.limits.textLength} characters`);
  }

  render(name: string, data: GoValue): string {
    const template = this.scope.lookup(name);
    if (template === undefined) {
      throw new TemplateError(
        'TemplateFailed',
        `template: no template ${goQuote(name)} associated with template ${goQuote(this.scope.name)}`,
      );
    }
    return this.#outputOf(template, data);
  }

  #outputOf(template: CompiledTemplate, data: GoValue): string {
    const before = this.output;
    this.output = '';
    this.run(template, data);
    const text = this.output;
    this.output = before;
    return text;
  }

  renderText(name: string, text: string, data: GoValue): string {
    if (this.depth > TEXT_DEPTH) this.#stop(`makes templates of texts more than ${TEXT_DEPTH} templates deep`);
    const outside = this.scope;
    const { scope, main } = outside.extend(name, text);
    this.scope = scope;
    const result = this.#outputOf(main, data);
    this.scope = outside;
    return result;
  }

  /** Runs a template with data of its own into the output. */
  run(template: CompiledTemplate, data: GoValue): void {
    const outer = this.frame;
    if (++this.depth > this.limits.depth) {
      const message = `exceeded maximum template depth (${this.limits.depth})`;
      if (outer !== undefined) fail(outer, message);
      throw new TemplateError('TemplateOverLimit', `template: ${template.name}: ${message}`);
    }
    const frame = new Frame(this, template, data);
    this.frame = frame;
    template.run(frame);
    this.frame = outer;
    this.depth--;
  }

  checkTextLength(length: number): void {
    if (length > this.limits.textLength) this.#stop(`makes a text of more than ${this.limits.textLength} characters`);
  }

  checkListLength(length: number): void {
    if (length > this.limits.listLength) this.#stop(`makes a list of more than ${this.limits.listLength} elements`);
  }

  checkSize(value: GoValue): void {
    if (isLargerThan(value, this.limits.listLength)) this.#stop(`prints or copies more than ${this.limits.listLength} elements`);
  }

  /** Ends the execution for good: unlike other errors, no function that is on the way makes something else of it. */
  #stop(message: string): never {
    throw this.overLimit(message);
  }

  overLimit(message: string, cause?: unknown): TemplateError {
    const { frame } = this;
    if (frame === undefined) return new TemplateError('TemplateOverLimit', `template: ${message}`, undefined, cause);
    const place = placeOf(frame);
    return new TemplateError('TemplateOverLimit', `${where(frame, place)}: the template ${message}`, place, cause);
  }
}

/** One call of a template: its data, its variables, and the node it is at. */
export class Frame {
  readonly execution: Execution;
  readonly template: CompiledTemplate;
  readonly variables: GoValue[];
  dot: GoValue;
  /** Dot came out of a list or map of `interface {}`; error texts then name that type instead of the value's own. */
  dotIsInterface = false;
  /** The same for variables, by their slots. */
  readonly variableIsInterface: boolean[] = [];
  /** The node it is at, and how far from that node's own position: the words of an action may have stood elsewhere first. */
  node: Node | Operand | CommandNode;
  moved = 0;

  constructor(execution: Execution, template: CompiledTemplate, data: GoValue) {
    this.execution = execution;
    this.template = template;
    this.dot = data;
    this.variables = [data];
    this.node = template.root;
  }
}

/** Ends the execution with an error at the node that the frame is at. */
export function fail(frame: Frame, message: string, cause?: unknown): never {
  const place = placeOf(frame);
  throw new TemplateError('TemplateFailed', `${where(frame, place)}: ${message}`, place, cause);
}

function where(frame: Frame, { template, line, column }: Required<TemplatePlace>): string {
  return `template: ${template}:${line}:${column}: executing ${goQuote(frame.template.name)} at <${printNode(frame.node)}>`;
}

function placeOf({ template, node, moved }: Frame): Required<TemplatePlace> {
  const before = template.text.slice(0, node.position + moved);
  const lineStart = before.lastIndexOf('\n') + 1;
  return {
    template: template.parseName,
    line: before.split('\n').length,
    column: byteLength(before.slice(lineStart)),
  };
}
