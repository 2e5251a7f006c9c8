import type { Json } from '@sluice/core';
import type { Invocation } from '../command-line/index.js';
import { connect, selectedNamespace } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import { examine } from '../doctor/examine.js';
import type { Finding, Severity } from '../doctor/findings.js';
import { noArguments } from '../no-arguments.js';
import { printStructured } from '../output.js';
import { printable } from '../printable.js';

const MARKS: Readonly<Record<Severity, string>> = { critical: '✗✗', broken: '✗', stuck: '◎', note: '⚠️' };

/** `doctor`: what is broken and why, worst first, with the evidence. Fails when something is broken. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal } = invocation;
  noArguments(invocation, 'doctor');
  const signal = deadlineOf(invocation);
  const { cluster, close } = await connect(invocation);
  try {
    const findings = await examine(cluster, {
      namespace: flags.changed('namespace') ? selectedNamespace(flags) : undefined,
      fluxNamespace: flags.string('flux-namespace'),
      signal,
    });
    const format = flags.string('output');
    if (format !== '') printStructured(terminal, format, findings.map(asData));
    else for (const finding of findings) terminal.out(printable(asText(finding)));
    const broken = findings.filter(({ severity }) => severity !== 'note').length;
    if (broken > 0) throw new Error(`${broken} ${broken === 1 ? 'thing is' : 'things are'} broken`);
    if (format === '') terminal.success('nothing is broken');
  } finally {
    await close();
  }
}

function asText({ severity, subject, problem, evidence, advice, waiting }: Finding): string {
  const lines = [
    ...evidence,
    ...(advice === undefined ? [] : [['do', advice] as const]),
    ...(waiting.length === 0 ? [] : [['waiting', waiting.join(', ')] as const]),
  ];
  const shown = lines.map(([from, text]) => `    ${from.padEnd(10)} ${text.trim().replaceAll('\n', `\n${' '.repeat(15)}`)}\n`);
  return `${MARKS[severity]} ${subject} ${problem}\n${shown.join('')}\n`;
}

function asData({ severity, subject, problem, evidence, advice, waiting }: Finding): Json {
  return {
    severity,
    subject,
    problem,
    evidence: evidence.map(([from, text]) => ({ from, text })),
    ...(advice === undefined ? {} : { advice }),
    waiting: [...waiting],
  };
}
