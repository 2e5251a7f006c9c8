import { type CelProgram, CelSyntaxError, type CelType, compileProgram, optionalOf } from '@sluice/cel';
import { isJsonObject } from '@sluice/core';
import type { FieldErrorReason } from '../field-error.js';

/** One of `x-kubernetes-validations`. */
export interface CompiledRule {
  readonly rule: string;
  readonly message: string;
  readonly messageExpression: string;
  readonly reason: FieldErrorReason;
  /** `.max`, `['a/b'].x`: below the value that the rule is about. */
  readonly fieldPath: string;
  readonly optionalOldSelf: boolean;
  /** The rule's program for a value of a type; compiled once. Throws a CelSyntaxError. */
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
  const test = compileProgram(rule, variables);
  if (test.type.kind !== 'bool' && test.type.kind !== 'dyn') throw new CelSyntaxError(rule, 0, 'cel expression must evaluate to a bool');
  return {
    test,
    message: messageExpression === '' ? undefined : compileProgram(messageExpression, variables),
    isTransition: usesOldSelf(rule),
  };
}

/** Whether the name occurs outside of texts. */
function usesOldSelf(rule: string): boolean {
  return /\boldSelf\b/.test(rule.replaceAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '""'));
}
