import type { CommandSpec } from '../command-line/index.js';
import { text } from './flag-builders.js';

export const doctorCommand: CommandSpec = {
  name: 'doctor',
  short: 'Say what is broken, and why',
  long: `The doctor command looks at the controllers and at every resource of Flux. What is broken comes worst first, each with what
waits for it, with the evidence (conditions, events, lines of logs, files in Git), and with what to do. It fails when something is
broken. With --namespace it looks at that namespace alone.`,
  example: `  # Everything
  sluice doctor

  # For a script
  sluice doctor -o json | jq '.[].subject'`,
  flags: [
    text('flux-namespace', 'the namespace where the Flux components are running', { default: 'flux-system' }),
    text('output', 'print the findings as data: json or yaml', { shorthand: 'o' }),
  ],
  load: () => import('../commands/doctor.js'),
};
