import { objectId, type Json, type KubeObject } from '@sluice/core';
import type { Cluster } from '@sluice/kube';
import type { Invocation } from '../command-line/index.js';
import { connect, selectedNamespace } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import { adviceFor } from '../doctor/advice.js';
import { controllerFindings } from '../doctor/controllers.js';
import { lastErrors, lastWarnings, placeInGit } from '../doctor/evidence.js';
import { findingsOf, worstFirst, type Examined, type Finding, type Severity } from '../doctor/findings.js';
import { allKinds, artifactGenerator, field, textField } from '../kinds/index.js';
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
    const findings = await examine(
      cluster,
      flags.changed('namespace') ? selectedNamespace(flags) : undefined,
      flags.string('flux-namespace'),
      signal,
    );
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

async function examine(cluster: Cluster, namespace: string | undefined, fluxNamespace: string, signal: AbortSignal): Promise<Finding[]> {
  const now = Date.now();
  const scope = namespace === undefined ? {} : { namespace };
  const served = await Promise.all(
    [...allKinds, artifactGenerator].map(async (kind) => ((await cluster.resourceOf(kind)) === undefined ? [] : [kind])),
  );
  const kinds = served.flat();
  if (kinds.length === 0) throw new Error('the cluster knows none of the kinds of Flux: `flux install` brings their definitions');
  const examined = Promise.all(
    kinds.map(async (kind): Promise<Examined> => {
      const { items } = await cluster.list({ apiVersion: kind.apiVersion, kind: kind.kind, ...scope }, { signal });
      return { kind, objects: items };
    }),
  );
  const [found, controllers, warnings, errors] = await Promise.all([
    examined,
    controllerFindings(cluster, fluxNamespace, signal),
    lastWarnings(cluster, namespace, now, signal),
    lastErrors(cluster, fluxNamespace, signal),
  ]);
  const objects = new Map(found.flatMap((each) => each.objects).map((object) => [objectId(object), object]));
  const findings = findingsOf(found, now).map((finding) => withEvidence(finding, objects, warnings, errors));
  return [...controllers, ...findings].toSorted(worstFirst);
}

function withEvidence(
  finding: Finding,
  objects: ReadonlyMap<string, KubeObject>,
  warnings: ReadonlyMap<string, string>,
  errors: ReadonlyMap<string, string>,
): Finding {
  const { object, subject, severity } = finding;
  if (object === undefined) return finding;
  const warning = warnings.get(subject);
  const error = errors.get(subject);
  const source = field(object, 'spec', 'sourceRef');
  const sourceId = `${textField(source, 'kind')}/${textField(source, 'namespace') || (object.metadata.namespace ?? '')}/${textField(source, 'name')}`;
  const evidence = [
    ...finding.evidence,
    ...(warning === undefined || severity === 'note' ? [] : [['event', warning] as const]),
    ...(error === undefined || severity === 'note' ? [] : [['log', error] as const]),
  ];
  const messages = evidence.map(([, text]) => text);
  const advice = adviceFor(object);
  return {
    ...finding,
    evidence: [...evidence, ...placeInGit(object, objects.get(sourceId), messages)],
    ...(advice === undefined ? {} : { advice }),
  };
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
