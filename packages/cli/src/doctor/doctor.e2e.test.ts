import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startWorld, type World } from '@sluice/controllers/testing';
import { BROKEN_LOGS, breakThings, refuse } from '../testing/broken-things.js';
import { makeCertificate } from '../testing/certificate.js';
import { runFlux } from '../testing/replay.js';

/** As `doctor -o json` prints it. */
interface Told {
  readonly severity: string;
  readonly subject: string;
  readonly problem: string;
  readonly evidence: readonly { readonly from: string; readonly text: string }[];
  readonly advice?: string;
  readonly waiting: readonly string[];
}

/** What a person on call is to read about a thing that is broken, and nowhere else. */
interface Case {
  readonly subject: string;
  readonly severity: 'critical' | 'broken' | 'stuck' | 'note';
  readonly problem?: RegExp;
  readonly evidence?: readonly (readonly [from: string, text: RegExp])[];
  readonly advice?: RegExp;
  readonly waiting?: readonly string[];
}

const CASES: Readonly<Record<string, Case>> = {
  'a controller that crashes is the worst': {
    subject: 'Deployment/flux-system/kustomize-controller',
    severity: 'critical',
    problem: /does not run/,
    evidence: [['pod', /CrashLoopBackOff/]],
    advice: /kubectl logs --previous/,
  },
  'wrong credentials, and whoever waits for the source': {
    subject: 'GitRepository/broken/wrong',
    severity: 'broken',
    evidence: [
      ['condition', /^Ready=False GitOperationFailed since .*authentication required/],
      ['event', /^GitOperationFailed .* ago.*: the same$/],
      ['log', /^2026-01-02T03:04:05Z Reconciler error: no credentials helped$/],
    ],
    advice: /check the credentials: Secret broken\/wrong$/,
    waiting: ['Kustomization/broken/of-wrong', 'Kustomization/team/of-wrong'],
  },
  'no credentials': { subject: 'GitRepository/broken/anonymous', severity: 'broken', advice: /spec\.secretRef names no Secret/ },
  'a Deployment that crashes while it is waited for, by its Pod and its last lines': {
    subject: 'Kustomization/broken/crash',
    severity: 'note',
    problem: /^is being reconciled$/,
    evidence: [
      ['condition', /Running health checks/],
      ['health', /Deployment\/broken\/crash:[^]*Pod crash-[^]*CrashLoopBackOff[^]*FATAL: no database at db:5432/],
    ],
    advice: /its last lines say why/,
    waiting: ['Kustomization/broken/after-crash'],
  },
  'a Secret that a Pod misses': {
    subject: 'Kustomization/broken/envless',
    severity: 'note',
    evidence: [['health', /secret "nosecret" not found/]],
    advice: /make Secret broken\/nosecret/,
  },
  'a health check of something that nobody makes': {
    subject: 'Kustomization/broken/checked',
    severity: 'note',
    evidence: [['health', /Deployment\/broken\/elsewhere:\n +Resource not found/]],
    advice: /correct spec\.healthChecks/,
  },
  'a health check that has failed, with what the Job wrote': {
    subject: 'Kustomization/broken/job',
    severity: 'broken',
    evidence: [['condition', /HealthCheckFailed[^]*Job\/broken\/migrate:[^]*Pod migrate-\S+: Failed[^]*cannot migrate/]],
  },
  'a webhook that refuses, and what it refuses in Git': {
    subject: 'Kustomization/broken/refused',
    severity: 'broken',
    evidence: [
      ['condition', /admission webhook "policy\.example\.com" denied the request: every ConfigMap needs a team/],
      ['in Git', /^refused\/cm\.yaml:2 at main@sha1:\w{40} of http/],
    ],
    advice: /the webhook policy\.example\.com refuses it/,
  },
  'a webhook for which nobody answers': {
    subject: 'Kustomization/broken/unanswered',
    severity: 'broken',
    evidence: [['condition', /failed calling webhook/]],
    advice: /nobody answers for the webhook gone\.example\.com/,
  },
  'a hook that fails, with its log': {
    subject: 'HelmRelease/broken/hooked',
    severity: 'broken',
    problem: /has stalled/,
    evidence: [
      ['condition', /Ready=False InstallFailed .*failed pre-install: .*Job\/broken\/migrate-db status: 'Failed'/],
      ['event', /: the same, and\nLast Helm logs:[^]*relation users does not exist/],
    ],
    advice: /flux reconcile hr hooked -n broken --reset/,
    waiting: ['HelmRelease/broken/after-hooked'],
  },
  'a template that does not render, and where in the chart': {
    subject: 'HelmRelease/broken/unrendered',
    severity: 'broken',
    evidence: [['in chart', /^unrendered\/templates\/cm\.yaml:5 at 1\.0\.0$/]],
    advice: /flux debug helmrelease unrendered -n broken --show-values/,
  },
  'a dependency that is not there': {
    subject: 'Kustomization/broken/dependent',
    severity: 'broken',
    problem: /refers to Kustomization\/broken\/nobody, which is not there/,
    advice: /make Kustomization\/broken\/nobody/,
  },
  'somebody suspended the first of a chain': {
    subject: 'Kustomization/broken/base',
    severity: 'stuck',
    problem: /is suspended/,
    advice: /^flux resume kustomization base -n broken$/,
    waiting: ['Kustomization/broken/middle', 'Kustomization/broken/top'],
  },
  'somebody suspended a source before it had anything': {
    subject: 'GitRepository/broken/paused',
    severity: 'stuck',
    advice: /^flux resume source git paused -n broken$/,
    waiting: ['Kustomization/broken/of-paused'],
  },
  'a certificate in a kubeconfig that is over': {
    subject: 'Kustomization/broken/expired',
    severity: 'broken',
    evidence: [
      ['condition', /Unauthorized/],
      ['secret', /^broken\/expired: the client certificate is over since 2025-06-01T00:00:00Z$/],
    ],
    advice: /renew the kubeconfig in Secret broken\/expired$/,
  },
};

describe('what doctor tells whoever is on call', () => {
  let world: World;
  let webhook: Server;
  let directory: string;
  let findings: readonly Told[] = [];
  let text = '';

  const doctor = (line: string) => runFlux(`doctor ${line}`, { KUBECONFIG: world.kubeconfig, HOME: directory }, '', 'sluice');

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-doctor-'));
    world = await startWorld({ simulate: true, podLog: ({ metadata }) => BROKEN_LOGS.get(metadata.labels?.['app'] ?? '') ?? '' });
    webhook = createServer(makeCertificate(directory), refuse);
    await new Promise<void>((resolve) => {
      webhook.listen(0, '127.0.0.1', resolve);
    });
    await breakThings(world, `https://127.0.0.1:${(webhook.address() as AddressInfo).port}/`, readFileSync(join(directory, 'ca.crt')));
    await world.startControllers();
    let missing: readonly string[] = [];
    await world
      .eventually(
        'everything is found',
        async () => {
          const { stdout } = await doctor('-o json');
          findings = JSON.parse(stdout || '[]') as readonly Told[];
          missing = Object.keys(CASES).filter((name) => fault(CASES[name]!) !== undefined);
          return missing.length === 0;
        },
        25_000,
      )
      // Each test says what it misses.
      .catch(() => undefined);
    text = (await doctor('')).stdout;
  });
  after(async () => {
    await world.close();
    await new Promise((resolve) => webhook.close(resolve));
    rmSync(directory, { recursive: true, force: true });
  });

  const told = (subject: string): Told | undefined => findings.find((each) => each.subject === subject);

  /** What is not as the case has it. */
  function fault({ subject, severity, problem = /^/, evidence = [], advice = /^/, waiting = [] }: Case): string | undefined {
    const finding = told(subject);
    if (finding === undefined) return `${subject} is not told: ${findings.map((each) => each.subject).join(', ')}`;
    const unseen = evidence.find(([from, pattern]) => !finding.evidence.some((each) => each.from === from && pattern.test(each.text)));
    const isAsExpected =
      finding.severity === severity &&
      problem.test(finding.problem) &&
      unseen === undefined &&
      advice.test(finding.advice ?? '') &&
      finding.waiting.join() === waiting.join();
    return isAsExpected ? undefined : `${unseen?.join(' ') ?? ''}\n${JSON.stringify(finding, undefined, 1)}`;
  }

  for (const [name, expected] of Object.entries(CASES)) {
    test(name, () => {
      assert.equal(fault(expected), undefined);
      for (const each of expected.waiting ?? []) assert.equal(told(each), undefined, `${each} is told again`);
    });
  }

  test('nothing else is told, and the worst is first', () => {
    assert.deepEqual(
      findings.map(({ subject }) => subject).toSorted(),
      Object.values(CASES)
        .map(({ subject }) => subject)
        .toSorted(),
    );
    const rank = findings.map(({ severity }) => ['critical', 'broken', 'stuck', 'note'].indexOf(severity));
    assert.deepEqual(
      rank,
      rank.toSorted((a, b) => a - b),
    );
    assert.match(text, /^✗✗ Deployment\/flux-system\/kustomize-controller does not run/);
  });

  test('a namespace alone: what it needs of others is no more missing than elsewhere', async () => {
    const { stdout } = await doctor('-n team -o json');
    assert.deepEqual(
      (JSON.parse(stdout) as readonly Told[]).map(({ subject, waiting }) => [subject, waiting]),
      [
        ['Deployment/flux-system/kustomize-controller', []],
        ['GitRepository/broken/wrong', ['Kustomization/team/of-wrong']],
      ],
    );
  });

  test('somebody who may look at one namespace alone', async () => {
    const { stdout } = await doctor('-n team --as viewer -o json');
    const [finding, controllers, ...others] = JSON.parse(stdout) as readonly Told[];
    // It waits for a source of which the viewer must not know.
    assert.equal(finding?.subject, 'Kustomization/team/of-wrong');
    assert.equal(controllers?.subject, 'Namespace/flux-system');
    assert.match(controllers.problem, /whether its controllers run is not known/);
    assert.deepEqual(others, []);
    const everywhere = await doctor('--as viewer');
    assert.match(everywhere.stderr, /✗ \S+ is forbidden: User "viewer" .*: --namespace looks at one alone\n$/);
  });
});
