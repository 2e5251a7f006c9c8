/** The attributes of a distinguished name, by their short names. */
export type SubjectFields = ReadonlyMap<string, string>;

/** Reads a name as RFC 4514 writes it, `C=US, ST=WA, O=acme`: with country, state and organization at least. */
export function parseIdentity(name: string): SubjectFields {
  if (name.includes('=#')) throw new Error(`unsupported distinguished name (DN) ${JSON.stringify(name)}: it contains "=#"`);
  return checked(name, splitName(name));
}

/** The subject of a certificate as Node.js prints it: an attribute in each line, most significant first. */
export function certificateSubject(subject: string): SubjectFields {
  const attributes = subject.split('\n').map((line): [string, string] => {
    const equals = line.indexOf('=');
    return [line.slice(0, equals), unescaped(line.slice(equals + 1))];
  });
  return checked(subject.replaceAll('\n', ','), attributes);
}

/** Whether a subject has all that an identity says. */
export function isSubject(identity: SubjectFields, subject: SubjectFields): boolean {
  return [...identity].every(([type, value]) => subject.get(type) === value);
}

function checked(name: string, attributes: readonly (readonly [string, string])[]): SubjectFields {
  const shown = `distinguished name (DN) ${JSON.stringify(name)}`;
  const fields = new Map<string, string>();
  for (const [type, value] of attributes) {
    const known = type === 'S' ? 'ST' : type;
    if (fields.has(known))
      throw new Error(`${shown} has duplicate RDN attribute for ${JSON.stringify(known)}, DN can only have unique RDN attributes`);
    fields.set(known, value);
  }
  for (const field of ['C', 'ST', 'O']) {
    if ((fields.get(field) ?? '') === '') {
      throw new Error(
        `${shown} has no mandatory RDN attribute for "${field}", it must contain 'C', 'ST' or 'S', and 'O' RDN attributes at a minimum`,
      );
    }
  }
  return fields;
}

function splitName(name: string): [string, string][] {
  const attributes: [string, string][] = [];
  let part = '';
  const end = (): void => {
    const equals = part.indexOf('=');
    if (equals < 1) throw new Error(`parsing distinguished name (DN) ${JSON.stringify(name)} failed: an attribute has no value`);
    attributes.push([part.slice(0, equals).trim(), unescaped(part.slice(equals + 1).trim())]);
    part = '';
  };
  for (let at = 0; at < name.length; at++) {
    const character = name[at] ?? '';
    if (character === '\\') part += character + (name[++at] ?? '');
    else if (character === ',' || character === ';') end();
    else if (character === '+') {
      throw new Error(`distinguished name (DN) ${JSON.stringify(name)} has multi-valued RDN attributes, which are not supported`);
    } else part += character;
  }
  end();
  return attributes;
}

function unescaped(text: string): string {
  return text.replaceAll(/(?:\\[0-9a-fA-F]{2})+|\\(.)/g, (all, plain?: string) =>
    plain === undefined ? Buffer.from(all.replaceAll('\\', ''), 'hex').toString('utf8') : plain,
  );
}
