import { type CelType, listOf, optionalOf, string } from '../types.js';
import { CelList, CelOpaque, CelOptional } from '../values.js';
import { LibraryBuilder } from './registry.js';
import { hasTextFormat } from './text-formats.js';

const type: CelType = { kind: 'format' };

/** A named format that texts can be checked against. */
class NamedFormat extends CelOpaque {
  override readonly kind = 'format';
  readonly name: string;

  constructor(name: string) {
    super();
    this.name = name;
  }

  override equals(other: CelOpaque): boolean {
    return other instanceof NamedFormat && other.name === this.name;
  }

  override toText(): string {
    return this.name;
  }
}

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const prefix = '[a-z0-9]*';
const subdomain = `${label}(\\.${label})*`;

const faults = {
  dns1123Label: (text: string) => checked(text, 63, new RegExp(`^${label}$`), dns1123LabelFault),
  dns1123Subdomain: (text: string) => checked(text, 253, new RegExp(`^${subdomain}$`), dns1123SubdomainFault),
  dns1035Label: (text: string) => checked(text, 63, /^[a-z]([-a-z0-9]*[a-z0-9])?$/, dns1035Fault),
  dns1123LabelPrefix: (text: string) => checked(text.replace(/-$/, 'a'), 63, new RegExp(`^${prefix}(${label})?$`), dns1123LabelFault),
  dns1123SubdomainPrefix: (text: string) => checked(text.replace(/-$/, 'a'), 253, new RegExp(`^${subdomain}$`), dns1123SubdomainFault),
  dns1035LabelPrefix: (text: string) => checked(text.replace(/-$/, 'a'), 63, /^[a-z]([-a-z0-9]*[a-z0-9])?$/, dns1035Fault),
  qualifiedName,
  labelValue: (text: string) => checked(text, 63, /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/, labelValueFault),
  uri: (text: string) => (hasTextFormat('uri', text) ? [] : [`parse ${JSON.stringify(text)}: invalid URI for request`]),
  uuid: (text: string) => (hasTextFormat('uuid', text) ? [] : ['does not match the UUID format']),
  byte: (text: string) => (hasTextFormat('byte', text) ? [] : ['invalid base64']),
  date: (text: string) => (hasTextFormat('date', text) ? [] : ['invalid date']),
  datetime: (text: string) => (hasTextFormat('datetime', text) ? [] : ['invalid datetime']),
} satisfies Record<string, (text: string) => string[]>;

const dns1123LabelFault =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const dns1123SubdomainFault =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const dns1035Fault =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const labelValueFault =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const nameFault =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

function checked(text: string, max: number, pattern: RegExp, fault: string): string[] {
  return [...(text.length > max ? [`must be no more than ${max} characters`] : []), ...(pattern.test(text) ? [] : [fault])];
}

function qualifiedName(text: string): string[] {
  const parts = text.split('/');
  const name = parts.pop() ?? '';
  const faults: string[] = [];
  if (parts.length > 1) return ['a qualified name must consist of an optional DNS subdomain prefix and a name'];
  if (parts[0] !== undefined) faults.push(...checked(parts[0], 253, new RegExp(`^${subdomain}$`), `prefix part ${dns1123SubdomainFault}`));
  faults.push(...checked(name, 63, /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/, nameFault));
  return faults;
}

/** Why a text is not of one of the named formats of Kubernetes (`dns1123Label`…), in the API server's words. */
export function namedFormatFaults(name: keyof typeof faults, text: string): string[] {
  return faults[name](text);
}

const lib = new LibraryBuilder()
  .fn('format.named', ['string'], optionalOf(type), ([name]: [string]) =>
    Object.hasOwn(faults, name) ? new CelOptional(new NamedFormat(name)) : CelOptional.none,
  )
  .method('validate', ['format', 'string'], optionalOf(listOf(string)), ([format, text]: [NamedFormat, string]) => {
    const found = faults[format.name as keyof typeof faults](text);
    return found.length === 0 ? CelOptional.none : new CelOptional(new CelList(found));
  });
for (const name of Object.keys(faults)) {
  const format = new NamedFormat(name);
  lib.fn(`format.${name}`, [], type, () => format);
}

/** Kubernetes' named formats: `format.dns1123Label().validate(self.name)`. */
export const formatLibrary = lib.build();
