import { invalid, required, type FieldError } from '@sluice/schema';

/** What is wrong with a value, in the API server's words; empty when nothing is. */
export type Rule = (value: string) => readonly string[];

/** A rule for names: the prefix in generateName may end in a dash. */
export type NameRule = (name: string, prefix: boolean) => readonly string[];

const FINE: readonly string[] = [];
const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const DNS1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const CONFIG_KEY = '[-._a-zA-Z0-9]+';
const PERCENT = '[0-9]+%';

const labelRegex = new RegExp(`^${LABEL}$`);
// The published pattern backtracks on long names; this one says the same in linear time.
const subdomainRegex = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const dns1035Regex = new RegExp(`^${DNS1035}$`);
const qualifiedRegex = new RegExp(`^${QUALIFIED}$`);
const configKeyRegex = new RegExp(`^${CONFIG_KEY}$`);

/** `must be no more than 63 characters`: Go counts bytes. */
export function maxLength(limit: number): string {
  return `must be no more than ${limit} characters`;
}

export function inclusiveRange(low: number, high: number): string {
  return `must be between ${low} and ${high}, inclusive`;
}

/** The text of a pattern that does not match: `… (e.g. 'a',  or 'b', regex used for validation is '…')`. */
export function regexFault(message: string, pattern: string, ...examples: readonly string[]): string {
  if (examples.length === 0) return `${message} (regex used for validation is '${pattern}')`;
  return `${message} (e.g. ${examples.map((example) => `'${example}', `).join(' or ')}regex used for validation is '${pattern}')`;
}

const labelFault = regexFault(
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  LABEL,
  'my-name',
  '123-abc',
);
const subdomainFault = regexFault(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  SUBDOMAIN,
  'example.com',
);
const dns1035Fault = regexFault(
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  DNS1035,
  'my-name',
  'abc-123',
);
const qualifiedFault = regexFault(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  QUALIFIED,
  'MyName',
  'my.name',
  '123-abc',
);
const labelValueFault = regexFault(
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  `(${QUALIFIED})?`,
  'MyValue',
  'my_value',
  '12345',
);
const configKeyFault = regexFault(
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  CONFIG_KEY,
  'key.name',
  'KEY_NAME',
  'key-name',
);

/** A rule of a pattern and a largest length. A value that is far too long is not matched at all. */
function patternRule(limit: number, regex: RegExp, fault: (value: string) => string): Rule {
  return (value) => {
    const tooLong = byteLength(value) > limit;
    const matches = value.length <= limit * 16 && regex.test(value);
    if (!tooLong && matches) return FINE;
    return [...(tooLong ? [maxLength(limit)] : []), ...(matches ? [] : [fault(value)])];
  };
}

export const dns1123Label = patternRule(63, labelRegex, (value) => (subdomainRegex.test(value) ? 'must not contain dots' : labelFault));
export const dns1123Subdomain = patternRule(253, subdomainRegex, () => subdomainFault);
const searchRegex = /^_?[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?(?:\._?[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?)*$/;
const searchFault = regexFault(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
  '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*',
  'example.com',
);
/** A domain to search in: some begin with an underscore. */
export const dns1123SubdomainWithUnderscore = patternRule(253, searchRegex, () => searchFault);
export const dns1035Label = patternRule(63, dns1035Regex, () => dns1035Fault);
const qualifiedPart = patternRule(63, qualifiedRegex, () => qualifiedFault);

export const labelValue: Rule = (value) => {
  if (value === '') return FINE;
  const faults = qualifiedPart(value);
  return faults.length === 0 ? FINE : faults.map((fault) => (fault === qualifiedFault ? labelValueFault : fault));
};

/** A name with an optional DNS prefix: `example.com/name`. Label keys, annotation keys, finalizers, resources. */
export const qualifiedName: Rule = (value) => {
  const slash = value.indexOf('/');
  if (slash >= 0 && value.includes('/', slash + 1)) {
    return [`a qualified name ${qualifiedFault} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const faults: string[] = [];
  if (slash === 0) faults.push('prefix part must be non-empty');
  else if (slash > 0) for (const fault of dns1123Subdomain(value.slice(0, slash))) faults.push(`prefix part ${fault}`);
  const name = slash < 0 ? value : value.slice(slash + 1);
  if (name === '') faults.push('name part must be non-empty');
  for (const fault of qualifiedPart(name)) faults.push(`name part ${fault}`);
  return faults.length === 0 ? FINE : faults;
};

/** A key of a ConfigMap or a Secret: also a file's name. */
export const configKey: Rule = (value) => {
  const faults: string[] = [];
  if (byteLength(value) > 253) faults.push(maxLength(253));
  if (!configKeyRegex.test(value)) faults.push(configKeyFault);
  if (value === '.') faults.push("must not be '.'");
  else if (value === '..') faults.push("must not be '..'");
  else if (value.startsWith('..')) faults.push("must not start with '..'");
  return faults.length === 0 ? FINE : faults;
};

export const percent: Rule = (value) =>
  /^[0-9]+%$/.test(value)
    ? FINE
    : [regexFault("a valid percent string must be a numeric string followed by an ending '%'", PERCENT, '1%', '93%')];

export const portName: Rule = (value) => {
  const faults: string[] = [];
  if (byteLength(value) > 15) faults.push(maxLength(15));
  if (!/^[-a-z0-9]+$/.test(value)) faults.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(value)) faults.push('must contain at least one letter (a-z)');
  if (value.includes('--')) faults.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) faults.push('must not begin or end with a hyphen');
  return faults.length === 0 ? FINE : faults;
};

export const wildcardSubdomain: Rule = (value) =>
  value.startsWith('*.') && subdomainRegex.test(value.slice(2)) && value.length <= 253
    ? FINE
    : [
        regexFault(
          "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
          `\\*\\.${SUBDOMAIN}`,
          '*.example.com',
        ),
      ];

/** An environment variable's name: any printable ASCII but `=`. */
export const envVarName: Rule = (value) => {
  if (value === '') return ['environment variable name must be non-empty'];
  return /^[ -<>-~]+$/.test(value)
    ? FINE
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
};

export const httpHeaderName: Rule = (value) =>
  /^[-A-Za-z0-9]+$/.test(value)
    ? FINE
    : [regexFault("a valid HTTP header must consist of alphanumeric characters or '-'", '[-A-Za-z0-9]+', 'X-Header-Name')];

/** An object's name that only has to be one segment of a path: roles, bindings. */
export const pathSegment: Rule = (value) => {
  const faults: string[] = [];
  if (value === '.') faults.push("may not be '.'");
  if (value === '..') faults.push("may not be '..'");
  for (const character of '/%') if (value.includes(character)) faults.push(`may not contain '${character}'`);
  return faults.length === 0 ? FINE : faults;
};

const pathSegmentPrefix: Rule = (value) => {
  const faults: string[] = [];
  for (const character of '/%') if (value.includes(character)) faults.push(`may not contain '${character}'`);
  return faults;
};

export const segmentNames: NameRule = (name, prefix) => (prefix ? pathSegmentPrefix(name) : pathSegment(name));
export const subdomainNames: NameRule = (name, prefix) => dns1123Subdomain(prefix ? withoutDash(name) : name);
export const labelNames: NameRule = (name, prefix) => dns1123Label(prefix ? withoutDash(name) : name);
export const dns1035Names: NameRule = (name, prefix) => dns1035Label(prefix ? withoutDash(name) : name);

/** Objects' own domains, such as a webhook's: `a.example.com`. */
export function fullyQualifiedName(field: string, name: string): FieldError[] {
  if (name === '') return [required(field)];
  const faults = dns1123Subdomain(name);
  if (faults.length > 0) return [invalid(field, name, faults.join(','))];
  if (name.split('.').length < 3) return [invalid(field, name, 'should be a domain with at least three segments separated by dots')];
  return [];
}

/** Applies a rule to a value and reports each fault at the field. */
export function check(faults: FieldError[], field: string, value: string, rule: Rule): void {
  for (const fault of rule(value)) faults.push(invalid(field, value, fault));
}

export function checkNonNegative(faults: FieldError[], field: string, value: unknown): void {
  if (typeof value === 'number' && value < 0) faults.push(invalid(field, value, 'must be greater than or equal to 0'));
}

export function checkPort(faults: FieldError[], field: string, value: number): void {
  if (value < 1 || value > 65535) faults.push(invalid(field, value, inclusiveRange(1, 65535)));
}

function withoutDash(name: string): string {
  return name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name;
}

function byteLength(value: string): number {
  return Buffer.byteLength(value);
}
