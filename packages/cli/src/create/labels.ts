import { setOwn } from '@sluice/core';

const NAME_PART =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const PREFIX_PART =
  "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end " +
  "with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
  "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is " +
  "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/** Reads the `key=value` pairs of `--label`. */
export function parseLabels(pairs: readonly string[]): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  for (const pair of pairs) {
    const [key = '', value, ...more] = pair.split('=');
    if (value === undefined || more.length > 0) throw new Error(`invalid label format '${pair}', must be key=value`);
    const fault = qualifiedNameFault(key);
    if (fault !== undefined) throw new Error(`invalid label '${key}': [${fault}]`);
    if (value.length > 63) throw new Error(`invalid label value '${value}': [must be no more than 63 bytes]`);
    if (value !== '' && !isNamePart(value)) throw new Error(`invalid label value '${value}': [${VALUE}]`);
    setOwn(labels, key, value);
  }
  return labels;
}

/** What is wrong with a qualified name (`name`, `example.com/name`); undefined when nothing is. */
export function qualifiedNameFault(text: string): string | undefined {
  const [first = '', second, ...more] = text.split('/');
  if (more.length > 0)
    return `a qualified name ${NAME_PART.slice('name part '.length)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`;
  const [prefix, name] = second === undefined ? [undefined, first] : [first, second];
  if (prefix === '') return 'prefix part must be non-empty';
  if (prefix !== undefined && !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(prefix)) return PREFIX_PART;
  if (name === '') return 'name part must be non-empty';
  if (name.length > 63) return 'name part must be no more than 63 bytes';
  return isNamePart(name) ? undefined : NAME_PART;
}

function isNamePart(text: string): boolean {
  return /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/.test(text);
}
