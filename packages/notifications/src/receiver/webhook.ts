import { createHash } from 'node:crypto';
import type { JwtClaims } from './jwt.js';

/** A request that came to the path of a Receiver. Names of headers are in lower case. */
export interface WebhookRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** The part of a Receiver's spec that says what is let in, and what it triggers. */
export interface ReceiverSpec {
  readonly type: string;
  readonly events?: readonly string[] | undefined;
  readonly resources: readonly ReceiverResource[];
  readonly resourceFilter?: string | undefined;
  readonly oidcProviders?: readonly OidcProvider[] | undefined;
}

export interface ReceiverResource {
  readonly apiVersion?: string | undefined;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly matchLabels?: Readonly<Record<string, string>> | undefined;
  readonly filter?: string | undefined;
}

export interface OidcProvider {
  readonly issuerURL: string;
  readonly audience?: string | undefined;
  readonly variables?: readonly { readonly name: string; readonly expression: string }[] | undefined;
  readonly validations: readonly { readonly expression: string; readonly message: string }[];
}

/** What a webhook says, once it is known to be from whom it should be. */
export interface WebhookContent {
  /** What filters read as `req`; some types wrap it. */
  readonly body: Uint8Array;
  /** What the bearer token says of who sent it. */
  readonly claims?: JwtClaims;
}

/** Where a Receiver is found: nobody who does not know its token can guess it. */
export function webhookPath(token: string, name: string, namespace: string): string {
  return `/hook/${createHash('sha256')
    .update(token + name + namespace)
    .digest('hex')}`;
}
