import assert from 'node:assert/strict';
import { createDecipheriv, createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { compareSync, getRounds } from 'bcryptjs';
import { RE2JS } from 're2js';
import { builtins } from '../builtins/index.js';
import { createTemplateCache, createTemplates } from '../templates.js';
import { decodeData, recordingFolder, recordings, type Recorded } from '../testing/recorded.js';
import { sprigFunctions } from './index.js';

const { skip, files } = recordings('sprig');
const cache = createTemplateCache();
let environment: Record<string, string> = {};
const functions = sprigFunctions({
  environment: (name) => environment[name],
  addresses: (name) => (name === 'localhost' ? ['127.0.0.1'] : []),
});

describe('what the functions of sprig were recorded to do', { skip }, () => {
  for (const [file, cases] of files) {
    describe(file, () => {
      for (const recorded of cases) test(recorded.name, () => replay(recorded));
    });
  }
});

describe('the signatures of the functions', { skip }, () => {
  const path = join(recordingFolder('sprig'), 'functions.json');
  if (!existsSync(path)) return;
  const { functions: signatures } = JSON.parse(readFileSync(path, 'utf8')) as { functions: Signature[] };
  for (const signature of signatures.filter(({ in: where }) => where.includes('sprig') || where.includes('go'))) {
    test(signature.name, () => checkSignature(signature));
  }
});

interface Signature {
  readonly name: string;
  readonly params: readonly { readonly type: string; readonly variadic?: boolean }[];
  readonly in: readonly string[];
}

function checkSignature({ name, params, in: where }: Signature): void {
  const declared = where.includes('sprig') ? functions.get(name) : builtins.get(name);
  assert.ok(declared, `${name} is missing`);
  assert.equal(declared.variadic, params.at(-1)?.variadic === true);
  // The functions of text/template itself take values as they are where the list says `any`.
  const types = declared.params.map(({ text }) => text.replaceAll('interface {}', 'any').replace('reflect.Value', 'any'));
  assert.deepEqual(
    types,
    params.map(({ type }) => type),
  );
}

function replay({ template, pre = [], exec = 't', data, numbers, env = {}, expected, error, matcher, property }: Recorded): void {
  environment = env;
  const run = (): string => {
    const templates = createTemplates({ name: 't', functions, cache });
    for (const [name, text] of pre) templates.parse(name, text);
    templates.parse('t', template);
    return Buffer.from(templates.execute(exec, decodeData(data, numbers) ?? undefined)).toString();
  };
  if (error !== undefined) {
    assert.throws(run, { name: 'SluiceError', message: error });
    return;
  }
  const output = run();
  if (expected !== undefined) assert.equal(output, expected);
  if (matcher !== undefined) assert.ok(RE2JS.compile(matcher).matcher(output).find(), `${output} does not match ${matcher}`);
  if (property !== undefined) checkProperty(output, property);
}

/** What someone with other tools would verify about a random result. */
function checkProperty(output: string, property: NonNullable<Recorded['property']>): void {
  const { kind, password, cost, type } = property as Record<string, string>;
  switch (kind) {
    case 'bcrypt':
    case 'bcrypt-after-colon': {
      const hash = kind === 'bcrypt' ? output : output.slice(output.indexOf(':') + 1);
      assert.ok(compareSync(password ?? '', hash));
      assert.equal(getRounds(hash), cost);
      return;
    }
    case 'aes-256-cbc-pkcs7': {
      const bytes = Buffer.from(output, 'base64');
      const key = Buffer.alloc(32);
      key.write(password ?? '');
      const decipher = createDecipheriv('aes-256-cbc', key, bytes.subarray(0, 16));
      assert.equal(Buffer.concat([decipher.update(bytes.subarray(16)), decipher.final()]).toString(), property['plaintext']);
      return;
    }
    case 'private-key':
      assert.equal(createPrivateKey(output).asymmetricKeyType, type === 'ecdsa' ? 'ec' : type);
      return;
    case 'x509':
      checkCertificate(new X509Certificate(output), property);
      return;
    default:
      assert.fail(`a property of the unknown kind ${kind}`);
  }
}

const PURPOSES: Readonly<Record<string, string>> = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2' };

function checkCertificate(certificate: X509Certificate, property: Readonly<Record<string, unknown>>): void {
  const { cn, issuerCN, days, isCA, ips, dns, extKeyUsage, selfSigned } = property as {
    cn: string;
    issuerCN?: string;
    days: number;
    isCA?: boolean;
    ips?: string[];
    dns?: string[];
    extKeyUsage?: string[];
    selfSigned?: boolean;
  };
  assert.equal(certificate.subject, `CN=${cn}`);
  assert.equal(certificate.issuer, `CN=${issuerCN ?? cn}`);
  assert.equal((Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / 86_400_000, days);
  if (isCA !== undefined) assert.equal(certificate.ca, isCA);
  for (const ip of ips ?? []) assert.equal(certificate.checkIP(ip), ip);
  for (const name of dns ?? []) assert.ok(certificate.subjectAltName?.includes(`DNS:${name}`));
  const usages = certificate.keyUsage;
  for (const usage of extKeyUsage ?? []) assert.ok(usages.includes(PURPOSES[usage] ?? ''), `${usage} is missing`);
  if (selfSigned === true || issuerCN === undefined) assert.ok(certificate.verify(certificate.publicKey));
}
