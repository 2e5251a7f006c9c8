import { baseName, setOwn } from '@sluice/core';
import { bytesToString, goMethod, nameType, typedMap, type GoMap, type GoValue, type Methods } from '@sluice/gotemplate';
import { toYaml } from '../functions/documents.js';
import type { ChartFile } from '../chart/chart.js';
import type { HelmVersion } from '../version.js';
import { compileGlob } from './glob.js';

const FILES = nameType('engine.files', 'map[string][]uint8');

/** `.Files` of a chart: its files by their paths, and ways to get at them. */
export function filesObject(files: readonly ChartFile[], helm: HelmVersion): GoMap {
  const map: GoMap = {};
  for (const { name, data } of files) setOwn(map, name, data);
  return withMethods(map, helm);
}

function withMethods(map: GoMap, helm: HelmVersion): GoMap {
  return typedMap(FILES, map, helm === 3 ? METHODS_3 : METHODS_4);
}

function methods(helm: HelmVersion): Methods {
  return new Map([
    ['Get', goMethod('map', ['string'], 'string', (files, name) => bytesToString(bytesOf(files, name)))],
    ['GetBytes', goMethod('map', ['string'], 'any', bytesOf)],
    ['Glob', goMethod('map', ['string'], 'any', (files, pattern) => glob(files, pattern, helm))],
    ['AsConfig', goMethod('map', [], 'string', (files) => asData(files, bytesToString))],
    ['AsSecrets', goMethod('map', [], 'string', (files) => asData(files, (bytes) => Buffer.from(bytes).toString('base64')))],
    ['Lines', goMethod('map', ['string'], '[]string', (files, name) => linesOf(files, name, helm))],
  ]);
}

const METHODS_3 = methods(3);
const METHODS_4 = methods(4);

function bytesOf(files: GoMap, name: string): Uint8Array {
  const content: GoValue = Object.hasOwn(files, name) ? files[name] : undefined;
  return content instanceof Uint8Array ? content : new Uint8Array();
}

function glob(files: GoMap, pattern: string, helm: HelmVersion): GoMap {
  const matches = compileGlob(pattern);
  const found: GoMap = {};
  for (const name of Object.keys(files)) if (matches(name)) setOwn(found, name, files[name]);
  return withMethods(found, helm);
}

function asData(files: GoMap, convert: (bytes: Uint8Array) => string): string {
  const data: GoMap = {};
  for (const name of Object.keys(files).sort()) setOwn(data, baseName(name), convert(bytesOf(files, name)));
  try {
    return toYaml(data);
  } catch {
    // As in Helm: what YAML has no form for is nothing.
    return '';
  }
}

function linesOf(files: GoMap, name: string, helm: HelmVersion): string[] {
  const text = bytesToString(bytesOf(files, name));
  if (text === '') {
    if (helm === 4 && Object.hasOwn(files, name)) throw new Error('runtime error: index out of range [-1]');
    return [];
  }
  return text.replace(/\n$/, '').split('\n');
}
