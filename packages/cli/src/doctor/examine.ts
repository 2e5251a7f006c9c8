import { explainWaiting } from '@sluice/controllers';
import { objectId, type KubeObject } from '@sluice/core';
import { isForbidden, type Cluster } from '@sluice/kube';
import { allKinds, artifactGenerator, field, textField, type FluxKind } from '../kinds/index.js';
import { adviceFor } from './advice.js';
import { controllerFindings } from './controllers.js';
import { lastErrors, lastWarnings, placeInSource, quoted, type Evidence, type Saying } from './evidence.js';
import { findingsOf, referencesOf, tellingConditions, worstFirst, type Examined, type Finding } from './findings.js';
import { kubeconfigEvidence } from './kubeconfig.js';

export interface ExamineOptions {
  /** The only one to look at; all of them when absent. */
  readonly namespace: string | undefined;
  /** Where the controllers are. */
  readonly fluxNamespace: string;
  readonly signal: AbortSignal;
}

/** Everything that is wrong, worst first, with what there is to know about it. */
export async function examine(cluster: Cluster, { namespace, fluxNamespace, signal }: ExamineOptions): Promise<Finding[]> {
  const now = Date.now();
  const served = await Promise.all(
    [...allKinds, artifactGenerator].map(async (kind) => ((await cluster.resourceOf(kind)) === undefined ? [] : [kind])),
  );
  const kinds = served.flat();
  if (kinds.length === 0) throw new Error('the cluster knows none of the kinds of Flux: `flux install` brings their definitions');
  const [{ examined, unknown }, controllers, warnings, errors] = await Promise.all([
    examinedIn(cluster, kinds, namespace, signal),
    controllerFindings(cluster, fluxNamespace, signal).catch((error: unknown) => [notLookedAt(fluxNamespace, error)]),
    lastWarnings(cluster, namespace, now, signal).catch(nothingFor),
    lastErrors(cluster, fluxNamespace, signal).catch(nothingFor),
  ]);
  const objects = new Map(examined.flatMap((each) => each.objects).map((object) => [objectId(object), object]));
  const known = { cluster, objects, warnings, errors, now, signal };
  const findings = await Promise.all(findingsOf(examined, now, unknown).map((finding) => withEvidence(finding, known)));
  return [...controllers, ...findings.filter(isWorthTelling)].toSorted(worstFirst);
}

/** Who may not look at the controllers does not know whether they run. */
function notLookedAt(namespace: string, error: unknown): Finding {
  if (!isForbidden(error)) throw error;
  const problem = 'can not be looked at: whether its controllers run is not known';
  return { severity: 'note', subject: `Namespace/${namespace}`, problem, evidence: [['refusal', error.message]], waiting: [] };
}

/** What must not be read tells nothing. */
function nothingFor(error: unknown): ReadonlyMap<string, Saying> {
  if (!isForbidden(error)) throw error;
  return new Map();
}

/** Objects of a namespace, or of all, and what they need of other namespaces. What must not be read there is unknown. */
async function examinedIn(
  cluster: Cluster,
  kinds: readonly FluxKind[],
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<{ examined: readonly Examined[]; unknown: ReadonlySet<string> }> {
  const scope = namespace === undefined ? {} : { namespace };
  const examined = await Promise.all(
    kinds.map(async (kind) => {
      const { items } = await cluster
        .list({ apiVersion: kind.apiVersion, kind: kind.kind, ...scope }, { signal })
        .catch((error: unknown) => {
          if (namespace !== undefined || !isForbidden(error)) throw error;
          throw new Error(`${error.message}: --namespace looks at one alone`, { cause: error });
        });
      return { kind, objects: [...items] };
    }),
  );
  const unknown = new Set<string>();
  if (namespace === undefined) return { examined, unknown };
  const asked = new Set<string>();
  const queue = examined.flatMap(({ objects }) => objects).flatMap(referencesOf);
  for (let reference = queue.pop(); reference !== undefined; reference = queue.pop()) {
    const [kindName, where = '', name = ''] = reference.split('/');
    const of = examined.find(({ kind }) => kind.kind === kindName);
    if (of === undefined || where === namespace || asked.has(reference)) continue;
    asked.add(reference);
    try {
      const object = await cluster.get({ apiVersion: of.kind.apiVersion, kind: of.kind.kind, namespace: where, name }, { signal });
      if (object === undefined) continue;
      of.objects.push(object);
      queue.push(...referencesOf(object));
    } catch (error) {
      if (!isForbidden(error)) throw error;
      unknown.add(reference);
    }
  }
  return { examined, unknown };
}

/** What is being worked on is told where others wait for it, or where something keeps it. */
function isWorthTelling({ isPassing, waiting, evidence }: Finding): boolean {
  return isPassing !== true || waiting.length > 0 || evidence.some(([from]) => from === 'health');
}

interface Known {
  readonly cluster: Cluster;
  readonly objects: ReadonlyMap<string, KubeObject>;
  readonly warnings: ReadonlyMap<string, Saying>;
  readonly errors: ReadonlyMap<string, Saying>;
  readonly now: number;
  readonly signal: AbortSignal;
}

async function withEvidence(finding: Finding, { cluster, objects, warnings, errors, now, signal }: Known): Promise<Finding> {
  const { object, subject, severity, isPassing } = finding;
  if (object === undefined) return finding;
  const messages = tellingConditions(object).map(({ message }) => message);
  const said: Evidence = (['event', 'log'] as const).flatMap((from) => {
    const saying = (from === 'event' ? warnings : errors).get(subject);
    return saying === undefined || severity === 'note' ? [] : [[from, quoted(saying, messages)] as const];
  });
  const kept = isPassing === true ? await explainWaiting(cluster, object, signal).catch(() => '') : '';
  const secret = severity === 'note' ? [] : await kubeconfigEvidence(cluster, object, now, signal);
  const evidence = [...finding.evidence, ...said, ...(kept === '' ? [] : [['health', kept] as const]), ...secret];
  const place = placeInSource(
    object,
    objects.get(sourceIdOf(object)),
    evidence.map(([, text]) => text),
  );
  const advice = finding.advice ?? adviceFor(object, kept);
  return { ...finding, evidence: [...evidence, ...place], ...(advice === undefined ? {} : { advice }) };
}

function sourceIdOf(object: KubeObject): string {
  const source = field(object, 'spec', 'sourceRef');
  const namespace = textField(source, 'namespace') || (object.metadata.namespace ?? '');
  return `${textField(source, 'kind')}/${namespace}/${textField(source, 'name')}`;
}
