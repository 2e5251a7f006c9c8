/** A request to a provider. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'OPTIONS';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** The whole answer of a provider, whatever its status. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** A message for a NATS server. */
export interface NatsMessage {
  readonly server: string;
  readonly subject: string;
  readonly body: string;
  readonly login:
    | { readonly kind: 'none' }
    | { readonly kind: 'user'; readonly username: string; readonly password: string }
    /** A `.creds` file: a JWT and the seed of its key. */
    | { readonly kind: 'creds'; readonly text: string }
    | { readonly kind: 'nkey'; readonly seed: string };
}

/** A mail, for a server as `smtp://host:587` (STARTTLS where offered) or `smtps://host:465`. */
export interface MailMessage {
  readonly server: string;
  readonly username: string;
  readonly password: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
}

/** The ways out of the process, which whoever sends gives: networks, clouds' credentials, the clock, randomness. */
export interface Outlet {
  /** Resolves with whatever answer there is; rejects when there is none. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  publish(message: NatsMessage): Promise<void>;
  mail(message: MailMessage): Promise<void>;
  /** A bearer token of Google's, for the JSON key of a service account, or for the workload when that is empty. */
  googleToken(key: string): Promise<string>;
  /** A bearer token of Azure's for the workload. */
  azureToken(scope: string): Promise<string>;
  /** A token for the GitHub App that a Secret describes, and the App's name for people. */
  githubAppToken(secret: Readonly<Record<string, string>>): Promise<{ readonly token: string; readonly slug: string }>;
  /** The Alert that sends. */
  readonly alert: { readonly namespace: string; readonly name: string; readonly uid: string };
  now(): Date;
  randomBytes(count: number): Uint8Array;
}
