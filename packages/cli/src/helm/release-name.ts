import { createTemplates, sprigFunctions } from '@sluice/gotemplate';
import type { FlagValues } from '../command-line/index.js';

/** The name of the release and the chart, of the arguments of `helm template`. */
export function nameAndChart(args: readonly string[], flags: FlagValues): { readonly name: string; readonly chart: string } {
  const [first, second] = args;
  if (first === undefined) throw new Error('specify a chart, or the name of a release and a chart');
  if (args.length > 2) throw new Error(`expected at most two arguments, unexpected arguments: ${args.slice(2).join(', ')}`);
  const template = flags.string('name-template');
  if (second !== undefined) {
    if (flags.bool('generate-name')) throw new Error('cannot set --generate-name and also specify a name');
    if (template !== '') throw new Error('cannot set --name-template and also specify a name');
    return { name: first, chart: second };
  }
  // As with Helm: nothing is installed, so that --generate-name makes no new name here.
  return { name: template === '' ? 'release-name' : nameOf(template), chart: first };
}

function nameOf(template: string): string {
  const templates = createTemplates({ functions: sprigFunctions() });
  templates.parse('name-template', template);
  return templates.execute('name-template', null);
}
