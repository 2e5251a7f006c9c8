import { compileExpression, type Expression } from '@sluice/cel';
import { errorMessage, SluiceError, type KubeObject } from '@sluice/core';
import { eventFields, type NotificationEvent } from './event.js';

/**
 * The name of the status that a commit gets: what the Provider's expression makes of the event, or the object's name and
 * the first part of the Provider's UID, so that two clusters don't write over each other's.
 *
 * @throws {SluiceError} `ProviderInvalid`
 */
export function commitStatusName(
  provider: KubeObject,
  expression: string | undefined,
  event: NotificationEvent,
  alert: KubeObject,
): string {
  const { kind, name } = event.involvedObject;
  if (expression === undefined || expression === '') {
    return `${kind}/${name}/${(provider.metadata.uid ?? '').split('-', 1)[0] ?? ''}`.toLowerCase();
  }
  try {
    return compileStatusExpression(expression).evaluate({ event: eventFields(event), alert, provider });
  } catch (error) {
    throw new SluiceError(
      'ProviderInvalid',
      `failed to create commit status: failed to evaluate the spec.commitStatusExpr CEL expression for the event: ${errorMessage(error)}`,
      { cause: error },
    );
  }
}

/** @throws {SluiceError} `CelInvalid` when it does not compile, or does not give a string */
export function compileStatusExpression(expression: string): Expression<string> {
  try {
    const compiled = compileExpression(expression, { variables: ['event', 'alert', 'provider'], result: 'string' });
    if (compiled.kind === 'string') return compiled;
    throw new SluiceError('CelInvalid', `CEL expression output type mismatch: expected string, got ${compiled.kind}`);
  } catch (error) {
    throw new SluiceError('CelInvalid', `failed to compile expression: ${errorMessage(error)}`, { cause: error });
  }
}
