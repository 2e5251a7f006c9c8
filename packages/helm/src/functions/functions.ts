import {
  contextFunction,
  goFunction,
  sprigFunctions,
  sprintf,
  type CallContext,
  type FunctionTable,
  type GoFunction,
} from '@sluice/gotemplate';
import type { HelmVersion } from '../version.js';
import { documentFunctions } from './documents.js';
import { clusterValue } from './cluster-value.js';
import type { RenderHost } from './host.js';

/** Templates that include themselves stop here. */
const MAX_INCLUDES = 1_000;

/** What the message of `fail` and `required` stands between, so that it can be found in the error around it. */
export const FAULT_BEGIN = 'HELM_ERR_START';
export const FAULT_END = 'HELM_ERR_END';

/** The functions of a chart's templates: sprig's without those that look at the machine, and Helm's own. */
export function helmFunctions(helm: HelmVersion): FunctionTable {
  return TABLES[helm];
}

function build(helm: HelmVersion): FunctionTable {
  const functions = new Map<string, GoFunction>([...sprigFunctions(), ...documentFunctions(helm), ...renderFunctions]);
  functions.delete('env');
  functions.delete('expandenv');
  return functions;
}

const renderFunctions: readonly [string, GoFunction][] = [
  [
    'include',
    contextFunction(['string', 'any'], 'string', (context, name, data) => {
      const { included } = hostOf(context);
      const times = included.get(name) ?? 0;
      if (times > MAX_INCLUDES) {
        throw new Error(`rendering template has a nested reference name: ${name}: unable to execute template`);
      }
      included.set(name, times + 1);
      try {
        return context.render(name, data);
      } finally {
        included.set(name, times);
      }
    }),
  ],
  [
    'tpl',
    contextFunction(['string', 'any'], 'string', (context, text, data) => {
      try {
        return context.renderText('gotpl', text, data).replaceAll('<no value>', '');
      } catch (error) {
        throw tplError(error, text);
      }
    }),
  ],
  [
    'required',
    contextFunction(['string', 'any'], 'any', (context, message, value) => {
      if (value !== null && value !== '') return value;
      if (hostOf(context).lint) return '';
      throw fault(message);
    }),
  ],
  [
    'fail',
    contextFunction(['string'], 'string', (context, message) => {
      if (hostOf(context).lint) return '';
      throw fault(message);
    }),
  ],
  [
    'lookup',
    contextFunction(['string', 'string', 'string', 'string'], 'map[string]any', (context, apiVersion, kind, namespace, name) => {
      const { lookup, lint } = hostOf(context);
      const found = lint ? undefined : lookup?.(apiVersion, kind, namespace, name);
      return found === undefined ? {} : clusterValue(found);
    }),
  ],
  // Names are not looked up: what a chart renders to must not depend on where.
  ['getHostByName', goFunction(['string'], 'string', () => '')],
];

const TABLES = { 3: build(3), 4: build(4) } as const;

function tplError(error: unknown, text: string): unknown {
  if (!(error instanceof Error) || isOver(error)) return error;
  const quoted = sprintf('%q', [text]);
  const isSyntax = 'reason' in error && error.reason === 'TemplateInvalid';
  const what = isSyntax ? `cannot parse template ${quoted}` : `error during tpl function execution for ${quoted}`;
  return new Error(`${what}: ${error.message}`, { cause: error });
}

/** Errors of the execution as a whole go through as they are. */
function isOver(error: Error): boolean {
  return error instanceof RangeError || ('reason' in error && error.reason === 'TemplateOverLimit');
}

function fault(message: string): Error {
  return new Error(`${FAULT_BEGIN}${message}${FAULT_END}`);
}

function hostOf({ host }: CallContext): RenderHost {
  return host as RenderHost;
}
