import { SluiceError, errorMessage, type Json } from '@sluice/core';
import { decodeJson } from '@sluice/gotemplate';
import { typeOfValue } from '../values/go-text.js';
import { isTable, type Values } from '../values/values.js';
import type { HelmVersion } from '../version.js';
import { printFaults } from './fault.js';
import { readSchema, type SchemaDocument } from './schema.js';
import { validate } from './validate.js';

/** A chart with what is to be checked: its schema, and those of its subcharts for their part of the values. */
export interface SchemaChart {
  readonly name: string;
  readonly schema?: Uint8Array;
  readonly subcharts: readonly SchemaChart[];
}

/** Refuses values that are not what the schemas of a chart and its subcharts say they must be, with Helm's message. */
export function checkValues(chart: SchemaChart, values: Readonly<Values>, helm: HelmVersion): void {
  const faults = faultsOf(chart, values, helm);
  if (faults === '') return;
  throw new SluiceError('ValuesInvalid', `values don't meet the specifications of the schema(s) in the following chart(s):\n${faults}`);
}

function faultsOf({ name, schema, subcharts }: SchemaChart, values: Readonly<Values>, helm: HelmVersion): string {
  let faults = '';
  if (schema !== undefined) {
    const fault = validate(readCached(schema), { ...values }, { restItemsFromZero: helm === 4 });
    if (fault !== undefined) faults += `${name}:\n${printFaults(fault)}\n`;
  }
  for (const subchart of subcharts) {
    const own = Object.hasOwn(values, subchart.name) ? values[subchart.name] : undefined;
    if (own === undefined || own === null) continue;
    if (isTable(own)) faults += faultsOf(subchart, own, helm);
    else faults += `${subchart.name}:\ninvalid type for values: expected object (map), got ${typeOfValue(own)}\n`;
  }
  return faults;
}

/** A chart is rendered many times; its schema is read once. */
const documents = new WeakMap<Uint8Array, SchemaDocument>();

function readCached(schema: Uint8Array): SchemaDocument {
  let document = documents.get(schema);
  if (document === undefined) {
    document = readSchema(parseSchema(schema));
    documents.set(schema, document);
  }
  return document;
}

function parseSchema(schema: Uint8Array): Json {
  try {
    return decodeJson(new TextDecoder().decode(schema)) as Json;
  } catch (error) {
    const place = { file: 'values.schema.json' };
    throw new SluiceError('ChartInvalid', `values.schema.json: ${errorMessage(error)}`, { place, cause: error });
  }
}
