import { compileExpression } from '@sluice/cel';
import { errorMessage, SluiceError } from '@sluice/core';
import type { OidcProvider, ReceiverSpec } from './webhook.js';

/**
 * Refuses a Receiver that could never work, or would let in anybody: before its path is opened.
 *
 * @throws {SluiceError} `CelInvalid` for expressions, `WebhookRefused` for settings
 */
export function checkReceiver(spec: ReceiverSpec & { readonly secretRef?: unknown }): void {
  const isOidc = spec.type === 'generic-oidc';
  const variables = ['res', 'req', ...(isOidc ? ['claims'] : [])];
  const filter = (text: string, what: string): void => {
    if (text !== '') compiles(`invalid ${what}`, () => compileExpression(text, { variables, result: 'bool' }));
  };
  filter(spec.resourceFilter ?? '', 'resourceFilter expression');
  for (const [index, { kind, name, filter: own = '' }] of spec.resources.entries()) {
    filter(own, `filter expression for resources[${index}] (kind=${JSON.stringify(kind)}, name=${JSON.stringify(name)})`);
  }
  const providers = spec.oidcProviders ?? [];
  if (isOidc && providers.length === 0) throw refused('generic-oidc receiver requires at least one oidcProvider');
  if (!isOidc && providers.length > 0) throw refused('oidcProviders can only be set when type is generic-oidc');
  if (isOidc && spec.secretRef !== undefined) throw refused('secretRef cannot be set when type is generic-oidc');
  if (!isOidc && spec.secretRef === undefined) throw refused('secretRef is required when type is not generic-oidc');
  checkProviders(providers);
  for (const [index, provider] of providers.entries()) checkExpressions(provider, placeOf(index, provider));
}

const placeOf = (index: number, { issuerURL }: OidcProvider): string => `oidcProviders[${index}] (issuerURL=${JSON.stringify(issuerURL)})`;

function checkProviders(providers: readonly OidcProvider[]): void {
  const seen = new Set<string>();
  for (const [index, provider] of providers.entries()) {
    const { issuerURL } = provider;
    const quoted = JSON.stringify(issuerURL);
    if (issuerURL === '') throw refused(`oidcProviders[${index}]: issuerURL is required`);
    if (!/^https?:\/\//u.test(issuerURL)) throw refused(`oidcProviders[${index}]: issuerURL ${quoted} must start with http:// or https://`);
    if (seen.has(issuerURL)) throw refused(`oidcProviders[${index}]: duplicate issuerURL ${quoted}`);
    seen.add(issuerURL);
    if (provider.validations.length === 0) {
      throw refused(
        `${placeOf(index, provider)}: at least one validation is required; without validations any caller able to obtain a token from this issuer can trigger the Receiver`,
      );
    }
  }
}

function checkExpressions({ variables = [], validations }: OidcProvider, place: string): void {
  const names = ['claims', 'vars'];
  for (const { name, expression } of variables) {
    compiles(`${place}: invalid expression for variable ${JSON.stringify(name)}`, () =>
      compileExpression(expression, { variables: names }),
    );
  }
  for (const { expression, message } of validations) {
    compiles(`${place}: invalid expression for validation ${JSON.stringify(message)}`, () =>
      compileExpression(expression, { variables: names, result: 'bool' }),
    );
  }
}

function compiles(what: string, compile: () => unknown): void {
  try {
    compile();
  } catch (error) {
    throw new SluiceError('CelInvalid', `${what}: ${errorMessage(error)}`, { cause: error });
  }
}

const refused = (message: string): SluiceError => new SluiceError('WebhookRefused', message);
