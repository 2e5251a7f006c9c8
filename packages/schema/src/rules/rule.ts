import { type CelProgram, CelSyntaxError, type CelType, compileProgram, optionalOf } from '@sluice/cel';
import { isJsonObject } from '@sluice/core';
import type { FieldErrorReason } from '../field-error.js';

/** A rule that does not compile, in the words of the API server, and which of its texts is to blame. */
export class RuleFault extends Error {
  override readonly name = 'RuleFault';
  readonly field: 'rule' | 'messageExpression';

  constructor(field: RuleFault['field'], message: string) {
    super(message);
    this.field = field;
  }
}

/** One of `x-kubernetes-validations`. */
export interface CompiledRule {
  readonly rule: string;
  readonly message: string;
  readonly messageExpression: string;
  readonly reason: FieldErrorReason;
  /** `.max`, `['a/b'].x`: below the value that the rule is about. */
  readonly fieldPath: string;
  readonly optionalOldSelf: boolean;
  /** The rule's program for a value of a type; compiled once. Throws a {@link RuleFault}. */
  program(self: CelType): RuleProgram;
}

export interface RuleProgram {
  readonly test: CelProgram;
  readonly message: CelProgram | undefined;
  /** Whether the rule looks at the old value, and so is about changes only. */
  readonly isTransition: boolean;
}

/** The rules of a schema node. Programs are compiled when they are first needed. */
export function compileRules(schema: Readonly<Record<string, unknown>>): CompiledRule[] {
  const rules = schema['x-kubernetes-validations'];
  return Array.isArray(rules) ? rules.filter(isJsonObject).map(compileRule) : [];
}

function compileRule(json: Readonly<Record<string, unknown>>): CompiledRule {
  const text = (key: string): string => (typeof json[key] === 'string' ? json[key] : '');
  const rule = text('rule');
  const messageExpression = text('messageExpression').trim();
  const optionalOldSelf = json['optionalOldSelf'] === true;
  let compiled: RuleProgram | undefined;
  return {
    rule,
    message: text('message'),
    messageExpression,
    reason: (text('reason') || 'FieldValueInvalid') as FieldErrorReason,
    fieldPath: text('fieldPath'),
    optionalOldSelf,
    program(self) {
      compiled ??= compile(rule.trim(), messageExpression, self, optionalOldSelf);
      return compiled;
    },
  };
}

function compile(rule: string, messageExpression: string, self: CelType, optionalOldSelf: boolean): RuleProgram {
  const variables = new Map([
    ['self', self],
    ['oldSelf', optionalOldSelf ? optionalOf(self) : self],
  ]);
  const test = compileText('rule', rule, variables);
  if (!mayBe(test, 'bool')) throw new RuleFault('rule', 'cel expression must evaluate to a bool');
  const message = messageExpression === '' ? undefined : compileText('messageExpression', messageExpression, variables);
  if (message !== undefined && !mayBe(message, 'string'))
    throw new RuleFault('messageExpression', 'messageExpression must evaluate to a string');
  return { test, message, isTransition: usesOldSelf(rule) };
}

function compileText(field: RuleFault['field'], text: string, variables: ReadonlyMap<string, CelType>): CelProgram {
  try {
    return compileProgram(text, variables);
  } catch (error) {
    if (!(error instanceof CelSyntaxError)) throw error;
    throw new RuleFault(field, `${field === 'rule' ? '' : 'messageExpression '}compilation failed: ${error.message}`);
  }
}

function mayBe({ type }: CelProgram, kind: CelType['kind']): boolean {
  return type.kind === kind || type.kind === 'dyn';
}

/** Whether the name occurs outside of texts. */
function usesOldSelf(rule: string): boolean {
  return /\boldSelf\b/.test(rule.replaceAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '""'));
}
