import { SluiceError, errorMessage, isJsonObject } from '@sluice/core';
import { parseIdentity, type SubjectFields } from './subject.js';

/** What is looked at, beside the signature itself, which always counts. */
const checks = ['authenticity', 'authenticTimestamp', 'expiry', 'revocation'] as const;
export type NotationCheck = (typeof checks)[number];
export type Enforcement = 'enforce' | 'log' | 'skip';

/** A statement of a trust policy: whose signatures count for which repositories. */
export interface PolicyStatement {
  readonly name: string;
  /** `host/repository`, or `*` alone. */
  readonly scopes: readonly string[];
  /** Undefined: signatures are not looked at. */
  readonly enforcement: Readonly<Record<NotationCheck, Enforcement>> | undefined;
  /** `ca:name`, `signingAuthority:name`, `tsa:name`. */
  readonly trustStores: readonly string[];
  /** Whoever the certificate is for; any when undefined. */
  readonly identities: readonly SubjectFields[] | undefined;
  readonly timestampOnlyAfterExpiry: boolean;
}

const levels: Readonly<Record<string, Readonly<Record<NotationCheck, Enforcement>> | undefined>> = {
  strict: { authenticity: 'enforce', authenticTimestamp: 'enforce', expiry: 'enforce', revocation: 'enforce' },
  permissive: { authenticity: 'enforce', authenticTimestamp: 'log', expiry: 'log', revocation: 'log' },
  audit: { authenticity: 'log', authenticTimestamp: 'log', expiry: 'log', revocation: 'log' },
  skip: undefined,
};

/** Reads a `trustpolicy.json`. The texts of its errors are notation's. */
export function parseTrustPolicy(text: string): PolicyStatement[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw invalid(`the trust policy is not JSON: ${errorMessage(error)}`, error);
  }
  if (!isJsonObject(document)) throw invalid('the trust policy is not an object');
  const { version, trustPolicies } = document;
  if (version === undefined || version === '') throw invalid('trust policy document has empty version, version must be specified');
  if (version !== '1.0') throw invalid(`trust policy document uses unsupported version ${JSON.stringify(version)}`);
  const statements = Array.isArray(trustPolicies) ? trustPolicies.map(readStatement) : [];
  if (statements.length === 0) throw invalid('trust policy document can not have zero trust policy statements');
  unique(
    statements.map(({ name }) => name),
    (name) => `multiple trust policy statements use the same name ${name}, statement names must be unique`,
  );
  unique(
    statements.flatMap(({ scopes }) => scopes),
    (scope) =>
      `registry scope ${scope} is present in multiple trust policy statements, one registry scope value can only be associated with one statement`,
  );
  return statements;
}

/** The statement for a repository: the one that names it, else the one for all. */
export function statementFor(statements: readonly PolicyStatement[], repository: string): PolicyStatement {
  const statement = statements.find(({ scopes }) => scopes.includes(repository)) ?? statements.find(({ scopes }) => scopes.includes('*'));
  if (statement !== undefined) return statement;
  throw new SluiceError(
    'SignatureInvalid',
    `artifact "${repository}" has no applicable trust policy statement: its registryScopes must name the repository, or be "*"`,
  );
}

function readStatement(value: unknown): PolicyStatement {
  if (!isJsonObject(value)) throw invalid('a trust policy statement is not an object');
  const { name, signatureVerification } = value;
  if (typeof name !== 'string' || name === '')
    throw invalid('trust policy: a trust policy statement is missing a name, every statement requires a name');
  const wrong = (why: string): SluiceError => invalid(`trust policy: trust policy statement ${JSON.stringify(name)} ${why}`);
  const settings = isJsonObject(signatureVerification) ? signatureVerification : {};
  const enforcement = enforcementOf(settings, wrong);
  const scopes = texts(value.registryScopes);
  if (scopes.length === 0) throw wrong('has zero registry scopes, it must specify registry scopes with at least one value');
  if (scopes.length > 1 && scopes.includes('*')) {
    throw wrong(`uses wildcard registry scope '*', a wildcard scope cannot be used in conjunction with other scope values`);
  }
  const { verifyTimestamp = '' } = settings;
  if (!['', 'always', 'afterCertExpiry'].includes(String(verifyTimestamp))) {
    throw wrong(
      `has invalid signatureVerification: verifyTimestamp must be "always" or "afterCertExpiry", but got ${JSON.stringify(verifyTimestamp)}`,
    );
  }
  const statement = { name, scopes, enforcement, timestampOnlyAfterExpiry: verifyTimestamp === 'afterCertExpiry' };
  // Of a statement that skips, stores and identities don't count, as with Flux.
  if (enforcement === undefined) return { ...statement, trustStores: [], identities: [] };
  const trustStores = texts(value.trustStores);
  const identities = texts(value.trustedIdentities);
  if (trustStores.length === 0 || identities.length === 0) {
    throw wrong('is either missing trust stores or trusted identities, both must be specified');
  }
  for (const store of trustStores) checkStore(store, wrong);
  return { ...statement, trustStores, identities: readIdentities(identities, wrong) };
}

function enforcementOf(
  { level, override }: Readonly<Record<string, unknown>>,
  wrong: (why: string) => SluiceError,
): PolicyStatement['enforcement'] {
  const bad = (why: string): SluiceError => wrong(`has invalid signatureVerification: ${why}`);
  if (typeof level !== 'string' || level === '')
    throw bad('signature verification level is empty or missing in the trust policy statement');
  if (!Object.hasOwn(levels, level)) throw bad(`invalid signature verification level ${JSON.stringify(level)}`);
  const base = levels[level];
  const overrides = isJsonObject(override) ? Object.entries(override) : [];
  if (base === undefined && overrides.length > 0) {
    throw bad(`signature verification level "${level}" can't be used to customize signature verification`);
  }
  const changed: Partial<Record<NotationCheck, Enforcement>> = {};
  for (const [key, action] of overrides) {
    if (key === 'integrity') throw bad('"integrity" verification can not be overridden in custom signature verification');
    const check = checks.find((each) => each === key);
    if (check === undefined) throw bad(`verification type ${JSON.stringify(key)} in custom signature verification is not supported`);
    if (action !== 'enforce' && action !== 'log' && action !== 'skip') {
      throw bad(`verification action ${JSON.stringify(action)} in custom signature verification is not supported`);
    }
    if (check !== 'revocation' && action === 'skip') {
      throw bad(`"${key}" verification can not be skipped in custom signature verification`);
    }
    changed[check] = action;
  }
  return base === undefined ? undefined : { ...base, ...changed };
}

function checkStore(store: string, wrong: (why: string) => SluiceError): void {
  const [type, ...name] = store.split(':');
  if (name.length === 0) {
    throw wrong(`has malformed trust store value ${JSON.stringify(store)}. The required format is <TrustStoreType>:<TrustStoreName>`);
  }
  if (!['ca', 'signingAuthority', 'tsa'].includes(type ?? '')) {
    throw wrong(`uses an unsupported trust store type ${JSON.stringify(type)} in trust store value ${JSON.stringify(store)}`);
  }
  if (!/^[a-zA-Z0-9_.-]+$/.test(name.join(':'))) {
    throw wrong(
      `uses an unsupported trust store name in trust store value ${JSON.stringify(store)}. Named store name needs to follow [a-zA-Z0-9_.-]+ format`,
    );
  }
}

function readIdentities(identities: readonly string[], wrong: (why: string) => SluiceError): PolicyStatement['identities'] {
  if (identities.includes('*')) {
    if (identities.length === 1) return undefined;
    throw wrong(`uses a wildcard trusted identity '*', a wildcard identity cannot be used in conjunction with other values`);
  }
  return identities.flatMap((identity) => {
    const colon = identity.indexOf(':');
    if (colon < 0) throw wrong(`has trusted identity ${JSON.stringify(identity)} missing separator`);
    // Other kinds are for plug-ins.
    if (identity.slice(0, colon) !== 'x509.subject') return [];
    try {
      return [parseIdentity(identity.slice(colon + 1))];
    } catch (error) {
      throw wrong(`has trusted identity ${JSON.stringify(identity)} with invalid identity value: ${errorMessage(error)}`);
    }
  });
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
}

function unique(values: readonly string[], words: (value: string) => string): void {
  const repeated = values.find((value, index) => values.indexOf(value) !== index);
  if (repeated !== undefined) throw invalid(words(JSON.stringify(repeated)));
}

function invalid(why: string, cause?: unknown): SluiceError {
  return new SluiceError('SourceSettingsInvalid', why, cause === undefined ? {} : { cause });
}
