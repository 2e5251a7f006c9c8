import { SluiceError, isJsonObject, type Json } from '@sluice/core';
import { formatFloatG } from '@sluice/yaml';
import { isTable } from '../values/values.js';
import { quoted, quotedList, shown, type Fault } from './fault.js';
import { formatFault } from './formats.js';
import { baseOf, equalValues, keyword, matchesPattern, type SchemaDocument, type SchemaNode } from './schema.js';

export interface ValidationOptions {
  /** Helm 4's library counts the items behind `prefixItems` from zero again when it names them. */
  readonly restItemsFromZero: boolean;
}

const MAX_STEPS = 2_000_000;
const MAX_DEPTH = 400;

/** What is wrong with a value, if anything. Bounded: a schema that refers to itself without end is an error. */
export function validate(document: SchemaDocument, value: Json, options: ValidationOptions): Fault | undefined {
  return new Validator(document, options).check(document.root, value, [], 'file:///values.schema.json', new Evaluated());
}

/** Properties and items that some keyword has looked at: what is left is for `unevaluated…`. */
class Evaluated {
  readonly properties = new Set<string>();
  readonly items = new Set<number>();

  add({ properties, items }: Evaluated): void {
    for (const name of properties) this.properties.add(name);
    for (const index of items) this.items.add(index);
  }
}

type Schema = Readonly<Record<string, Json>>;
type Path = readonly string[];

/** One value under one schema. */
interface Check {
  readonly schema: Schema;
  readonly path: Path;
  readonly base: string;
  readonly evaluated: Evaluated;
  readonly faults: Fault[];
}

class Validator {
  readonly #document: SchemaDocument;
  readonly #options: ValidationOptions;
  #steps = 0;
  #depth = 0;

  constructor(document: SchemaDocument, options: ValidationOptions) {
    this.#document = document;
    this.#options = options;
  }

  check(schema: SchemaNode, value: Json, path: Path, base: string, evaluated: Evaluated): Fault | undefined {
    if (schema === true) return undefined;
    if (schema === false) return { path, message: 'false schema' };
    if (++this.#steps > MAX_STEPS) throw tooMuch('takes too many steps to check');
    if (++this.#depth > MAX_DEPTH) throw tooMuch('refers to itself without end');
    try {
      return this.#object(schema, value, path, baseOf(schema, base, this.#document.draft), evaluated);
    } finally {
      this.#depth--;
    }
  }

  #object(schema: Schema, value: Json, path: Path, base: string, evaluated: Evaluated): Fault | undefined {
    const { draft } = this.#document;
    const check: Check = { schema, path, base, evaluated: new Evaluated(), faults: [] };
    const { faults } = check;
    const reference = keyword(schema, '$ref');
    if (draft < 2019 && typeof reference === 'string') return this.#reference(check, reference, value) ?? undefined;
    const first = wrongType(schema, value) ?? wrongConstant(schema, value) ?? wrongFormat(schema, value, draft);
    if (first !== undefined) return { path, message: first };
    for (const name of ['$ref', '$dynamicRef', '$recursiveRef']) {
      const target = draft < 2019 ? undefined : keyword(schema, name);
      if (typeof target === 'string') add(faults, this.#reference(check, target, value));
    }
    if (isTable(value)) this.#table(check, value);
    else if (Array.isArray(value)) this.#list(check, value as readonly Json[]);
    else if (typeof value === 'string') checkText(check, value);
    else if (typeof value === 'number' || typeof value === 'bigint') checkNumber(check, Number(value));
    this.#conditions(check, value);
    if (draft >= 2019) this.#unevaluated(check, value);
    if (faults.length === 0) {
      evaluated.add(check.evaluated);
      return undefined;
    }
    return faults.length === 1 ? faults[0] : { path, message: 'validation failed', kind: 'group', causes: faults };
  }

  #reference(check: Check, reference: string, value: Json): Fault | undefined {
    const { schema, base } = this.#document.resolve(reference, check.base);
    const fault = this.check(schema, value, check.path, base, check.evaluated);
    if (fault === undefined) return undefined;
    const causes = fault.kind === 'group' ? (fault.causes ?? []) : [fault];
    return { path: check.path, message: 'validation failed', kind: 'reference', causes };
  }

  #table(check: Check, table: Readonly<Record<string, Json>>): void {
    const { schema, faults, path } = check;
    const keys = Object.keys(table).sort();
    limit(check, 'minProperties', keys.length, (got, want) => got < want);
    limit(check, 'maxProperties', keys.length, (got, want) => got > want);
    const missing = missingKeys(table, keyword(schema, 'required'));
    if (missing.length === 1) fault(check, `missing property ${quoted(missing[0] ?? '')}`);
    else if (missing.length > 1) fault(check, `missing properties ${quotedList(missing)}`);
    for (const name of ['dependencies', 'dependentRequired', 'dependentSchemas']) this.#dependents(check, table, keyword(schema, name));
    const properties = schemas(schema, 'properties');
    const patterns = Object.entries(schemas(schema, 'patternProperties'));
    const additional = keyword(schema, 'additionalProperties') as SchemaNode | undefined;
    const unwanted: string[] = [];
    for (const key of keys) {
      const below = [...path, key];
      const value = table[key] ?? null;
      const own = Object.hasOwn(properties, key) ? properties[key] : undefined;
      const applied = patterns.filter(([pattern]) => matchesPattern(pattern, key)).map(([, each]) => each);
      if (own !== undefined) applied.unshift(own);
      for (const each of applied) add(faults, this.check(each, value, below, check.base, new Evaluated()));
      if (applied.length > 0) check.evaluated.properties.add(key);
      else if (additional !== undefined) {
        check.evaluated.properties.add(key);
        if (additional === false) unwanted.push(key);
        else add(faults, this.check(additional, value, below, check.base, new Evaluated()));
      }
    }
    if (unwanted.length > 0) fault(check, `additional properties ${quotedList(unwanted)} not allowed`);
    const names = keyword(schema, 'propertyNames') as SchemaNode | undefined;
    if (names === undefined) return;
    for (const key of keys) {
      const wrong = this.check(names, key, [], check.base, new Evaluated());
      if (wrong !== undefined) {
        const causes = wrong.kind === 'group' ? (wrong.causes ?? []) : [wrong];
        faults.push({ path: [], message: `invalid propertyName ${quoted(key)}`, causes });
      }
    }
  }

  #dependents(check: Check, table: Readonly<Record<string, Json>>, dependents: Json | undefined): void {
    if (!isJsonObject(dependents)) return;
    for (const [key, dependent] of Object.entries(dependents as Record<string, Json>)) {
      if (!Object.hasOwn(table, key)) continue;
      if (Array.isArray(dependent)) {
        const missing = missingKeys(table, dependent as Json);
        if (missing.length > 0) fault(check, `properties ${quotedList(missing)} required, if ${quoted(key)} exists`);
      } else add(check.faults, this.check(dependent as SchemaNode, table, check.path, check.base, check.evaluated));
    }
  }

  #list(check: Check, list: readonly Json[]): void {
    const { schema, faults, path, evaluated } = check;
    limit(check, 'minItems', list.length, (got, want) => got < want);
    limit(check, 'maxItems', list.length, (got, want) => got > want);
    if (keyword(schema, 'uniqueItems') === true) {
      const twice = duplicates(list);
      if (twice !== undefined) fault(check, `items at ${twice[0]} and ${twice[1]} are equal`);
    }
    const items = keyword(schema, 'items');
    const isNew = this.#document.draft >= 2020;
    const prefix = (isNew ? keyword(schema, 'prefixItems') : Array.isArray(items) ? items : undefined) as readonly SchemaNode[] | undefined;
    const rest = (isNew ? items : Array.isArray(items) ? keyword(schema, 'additionalItems') : items) as SchemaNode | undefined;
    const inPrefix = Math.min(prefix?.length ?? 0, list.length);
    for (let index = 0; index < inPrefix; index++) {
      add(faults, this.check(prefix?.[index] ?? true, list[index] ?? null, [...path, String(index)], check.base, new Evaluated()));
      evaluated.items.add(index);
    }
    if (rest === false && !isNew && inPrefix < list.length && Array.isArray(items)) {
      fault(check, `last ${list.length - inPrefix} additionalItem(s) not allowed`);
    } else if (rest !== undefined) {
      for (let index = inPrefix; index < list.length; index++) {
        const named = this.#options.restItemsFromZero ? index - inPrefix : index;
        add(faults, this.check(rest, list[index] ?? null, [...path, String(named)], check.base, new Evaluated()));
        evaluated.items.add(index);
      }
    }
    this.#contains(check, list);
  }

  #contains(check: Check, list: readonly Json[]): void {
    const contains = keyword(check.schema, 'contains') as SchemaNode | undefined;
    if (contains === undefined) return;
    const causes: Fault[] = [];
    const matched: number[] = [];
    for (const [index, item] of list.entries()) {
      const wrong = this.check(contains, item, [...check.path, String(index)], check.base, new Evaluated());
      if (wrong === undefined) matched.push(index);
      else causes.push(wrong);
    }
    if (this.#document.draft >= 2020) for (const index of matched) check.evaluated.items.add(index);
    const least = keyword(check.schema, 'minContains');
    const most = keyword(check.schema, 'maxContains');
    if (typeof least === 'number') {
      if (matched.length < least) {
        const got = matched.length === 0 ? 'none matched' : `matched ${matched.length} items at ${matched.join(' ')}`;
        fault(check, `min ${least} items required to match contains schema, but ${got}`, causes);
      }
    } else if (matched.length === 0) fault(check, 'no items match contains schema', causes);
    if (typeof most === 'number' && matched.length > most) {
      fault(check, `max ${most} items required to match contains schema, but matched ${matched.length} items at ${matched.join(' ')}`);
    }
  }

  #conditions(check: Check, value: Json): void {
    const { schema, path, base, evaluated, faults } = check;
    const self = (each: SchemaNode): Fault | undefined => this.check(each, value, path, base, evaluated);
    const not = keyword(schema, 'not') as SchemaNode | undefined;
    if (not !== undefined && this.check(not, value, path, base, new Evaluated()) === undefined) fault(check, "'not' failed");
    const all = schemaList(schema, 'allOf');
    const allFaults = all.map(self).filter((each) => each !== undefined);
    if (allFaults.length > 0) fault(check, "'allOf' failed", allFaults);
    const any = schemaList(schema, 'anyOf');
    // All are looked at, even behind one that matches: each may evaluate other properties.
    const anyFaults = any.map(self).filter((each) => each !== undefined);
    if (any.length > 0 && anyFaults.length === any.length) fault(check, "'anyOf' failed", anyFaults);
    const one = schemaList(schema, 'oneOf');
    const oneFaults = one.map(self);
    const matched = oneFaults.flatMap((each, index) => (each === undefined ? [index] : []));
    if (one.length > 0 && matched.length === 0) {
      fault(
        check,
        "'oneOf' failed, none matched",
        oneFaults.filter((each) => each !== undefined),
      );
    } else if (matched.length > 1) fault(check, `'oneOf' failed, subschemas ${matched[0]}, ${matched[1]} matched`);
    const condition = keyword(schema, 'if') as SchemaNode | undefined;
    if (condition === undefined || this.#document.draft < 7) return;
    const branch = keyword(schema, self(condition) === undefined ? 'then' : 'else') as SchemaNode | undefined;
    if (branch !== undefined) add(faults, self(branch));
  }

  #unevaluated(check: Check, value: Json): void {
    const { schema, evaluated, faults, path, base } = check;
    const properties = keyword(schema, 'unevaluatedProperties') as SchemaNode | undefined;
    if (properties !== undefined && isTable(value)) {
      for (const key of Object.keys(value)) {
        if (!evaluated.properties.has(key)) add(faults, this.check(properties, value[key] ?? null, [...path, key], base, new Evaluated()));
        evaluated.properties.add(key);
      }
    }
    const items = keyword(schema, 'unevaluatedItems') as SchemaNode | undefined;
    if (items !== undefined && Array.isArray(value)) {
      for (const [index, item] of (value as readonly Json[]).entries()) {
        if (!evaluated.items.has(index)) add(faults, this.check(items, item, [...path, String(index)], base, new Evaluated()));
        evaluated.items.add(index);
      }
    }
  }
}

function add(faults: Fault[], wrong: Fault | undefined): void {
  if (wrong !== undefined) faults.push(wrong);
}

function fault({ faults, path }: Check, message: string, causes?: readonly Fault[]): void {
  faults.push({ path, message, ...(causes !== undefined && { causes }) });
}

function limit(check: Check, name: string, got: number, isOver: (got: number, want: number) => boolean): void {
  const want = keyword(check.schema, name);
  if (typeof want === 'number' && isOver(got, want)) fault(check, `${name}: got ${formatFloatG(got)}, want ${formatFloatG(want)}`);
}

function schemas(schema: Schema, name: string): Readonly<Record<string, SchemaNode>> {
  const value = keyword(schema, name);
  return isJsonObject(value) ? (value as Record<string, SchemaNode>) : {};
}

function schemaList(schema: Schema, name: string): readonly SchemaNode[] {
  const value = keyword(schema, name);
  return Array.isArray(value) ? (value as readonly SchemaNode[]) : [];
}

function missingKeys(table: Readonly<Record<string, Json>>, wanted: Json | undefined): string[] {
  return Array.isArray(wanted) ? (wanted as readonly unknown[]).map(String).filter((key) => !Object.hasOwn(table, key)) : [];
}

const TYPES = ['null', 'boolean', 'number', 'integer', 'string', 'array', 'object'];

function wrongType(schema: Schema, value: Json): string | undefined {
  const type = keyword(schema, 'type');
  if (type === undefined) return undefined;
  const wanted = new Set(Array.isArray(type) ? (type as readonly Json[]) : [type]);
  const got = typeOf(value);
  if (wanted.size === 0 || wanted.has(got)) return undefined;
  if (got === 'number' && wanted.has('integer') && Number.isInteger(Number(value))) return undefined;
  return `got ${got}, want ${TYPES.filter((name) => wanted.has(name)).join(' or ')}`;
}

function typeOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'bigint' ? 'number' : typeof value;
}

function wrongConstant(schema: Schema, value: Json): string | undefined {
  const constant = keyword(schema, 'const');
  if (constant !== undefined && !equalValues(value, constant)) {
    return typeof constant === 'object' && constant !== null ? "'const' failed" : `value must be ${shown(constant)}`;
  }
  const allowed = keyword(schema, 'enum');
  if (!Array.isArray(allowed)) return undefined;
  const items = allowed as readonly Json[];
  if (items.some((item) => equalValues(value, item))) return undefined;
  if (items.some((item) => typeof item === 'object' && item !== null)) return "'enum' failed";
  const [only] = items;
  return items.length === 1 && only !== undefined ? `value must be ${shown(only)}` : `value must be one of ${items.map(shown).join(', ')}`;
}

function wrongFormat(schema: Schema, value: Json, draft: number): string | undefined {
  const format = keyword(schema, 'format');
  // From 2019 on formats are remarks, not rules.
  if (typeof format !== 'string' || typeof value !== 'string' || draft >= 2019) return undefined;
  const why = formatFault(format, value);
  return why === undefined ? undefined : `${quoted(value)} is not valid ${format}: ${why}`;
}

function checkText(check: Check, text: string): void {
  const length = Array.from(text).length;
  limit(check, 'minLength', length, (got, want) => got < want);
  limit(check, 'maxLength', length, (got, want) => got > want);
  const pattern = keyword(check.schema, 'pattern');
  if (typeof pattern === 'string' && !matchesPattern(pattern, text))
    fault(check, `${quoted(text)} does not match pattern ${quoted(pattern)}`);
}

function checkNumber(check: Check, number: number): void {
  limit(check, 'minimum', number, (got, want) => got < want);
  limit(check, 'maximum', number, (got, want) => got > want);
  limit(check, 'exclusiveMinimum', number, (got, want) => got <= want);
  limit(check, 'exclusiveMaximum', number, (got, want) => got >= want);
  limit(check, 'multipleOf', number, (got, want) => !isMultiple(got, want));
}

/** In decimal, as the numbers are written: 0.3 is a multiple of 0.1. */
function isMultiple(number: number, of: number): boolean {
  const [digits, exponent] = decimal(number);
  const [ofDigits, ofExponent] = decimal(of);
  if (ofDigits === 0n) return false;
  const low = Math.min(exponent, ofExponent);
  if (Math.max(exponent, ofExponent) - low > 700) return Number.isInteger(number / of);
  return (digits * 10n ** BigInt(exponent - low)) % (ofDigits * 10n ** BigInt(ofExponent - low)) === 0n;
}

function decimal(number: number): [digits: bigint, exponent: number] {
  const [mantissa = '0', exponent = '0'] = number.toExponential().split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  return [BigInt(whole + fraction), Number(exponent) - fraction.length];
}

function duplicates(list: readonly Json[]): [number, number] | undefined {
  const seen = new Map<Json, number>();
  const structured: number[] = [];
  for (const [index, item] of list.entries()) {
    if (typeof item === 'object' && item !== null) {
      const equal = structured.find((other) => equalValues(list[other] ?? null, item));
      if (equal !== undefined) return [equal, index];
      structured.push(index);
      if (structured.length > 2_000) throw tooMuch('wants more unique items than can be compared');
      continue;
    }
    const key = typeof item === 'bigint' ? Number(item) : item;
    const equal = seen.get(key);
    if (equal !== undefined) return [equal, index];
    seen.set(key, index);
  }
  return undefined;
}

function tooMuch(why: string): SluiceError {
  return new SluiceError('ChartInvalid', `values.schema.json ${why}`, { place: { file: 'values.schema.json' } });
}
