import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real Prometheus on loopback, with rules, that scrapes one target as a PodMonitor in flux-system has it scraped. */
export interface Prometheus {
  /** What an expression gives now. */
  query(expression: string): Promise<readonly Sample[]>;
  /** What is known of single observations, between two times in seconds since 1970. */
  exemplars(expression: string, start: number, end: number): Promise<readonly ExemplarSeries[]>;
  /** The alerts that fire. */
  firing(): Promise<readonly Readonly<Record<string, string>>[]>;
  close(): Promise<void>;
}

export interface ExemplarSeries {
  readonly exemplars: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: string }[];
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

/** Why there is none on this machine; false when there is. */
export function prometheusMissing(): string | false {
  const isThere = ['prometheus', 'promtool'].every((program) => spawnSync(program, ['--version']).status === 0);
  return isThere ? false : 'Prometheus is not installed (apt install prometheus)';
}

export async function startPrometheus(rules: object, targetPort: number): Promise<Prometheus> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-prometheus-'));
  const file = (name: string, content: object): string => {
    const path = join(directory, name);
    writeFileSync(path, JSON.stringify(content));
    return path;
  };
  const config = file('prometheus.yml', {
    global: { scrape_interval: '250ms', scrape_timeout: '250ms', evaluation_interval: '250ms' },
    rule_files: [file('rules.yaml', rules)],
    scrape_configs: [
      {
        job_name: 'flux-system/flux-system',
        static_configs: [{ targets: [`127.0.0.1:${targetPort}`], labels: { namespace: 'flux-system', pod: 'sluice-0' } }],
      },
    ],
  });
  const address = `127.0.0.1:${await freePort()}`;
  const args = [`--config.file=${config}`, `--storage.tsdb.path=${join(directory, 'data')}`, `--web.listen-address=${address}`];
  const child = spawn('prometheus', [...args, '--enable-feature=exemplar-storage', '--log.level=error'], { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ask = async (path: string): Promise<unknown> => {
    const answer = (await (await fetch(`http://${address}${path}`)).json()) as { data?: unknown; error?: string };
    if (answer.error !== undefined) throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  };
  const prometheus: Prometheus = {
    query: async (expression) => {
      const data = (await ask(`/api/v1/query?query=${encodeURIComponent(expression)}`)) as { readonly result: readonly Sample[] };
      return data.result;
    },
    exemplars: async (expression, start, end) =>
      (await ask(`/api/v1/query_exemplars?query=${encodeURIComponent(expression)}&start=${start}&end=${end}`)) as readonly ExemplarSeries[],
    firing: async () => {
      const { alerts } = (await ask('/api/v1/alerts')) as {
        readonly alerts: readonly { readonly state: string; readonly labels: Readonly<Record<string, string>> }[];
      };
      return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels);
    },
    async close() {
      child.kill();
      await exited;
      rmSync(directory, { recursive: true, force: true });
    },
  };
  const deadline = Date.now() + 20_000;
  while (!(await isReady(address))) {
    if (Date.now() > deadline || child.exitCode !== null) {
      await prometheus.close();
      throw new Error('Prometheus does not start');
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return prometheus;
}

async function isReady(address: string): Promise<boolean> {
  try {
    return (await fetch(`http://${address}/-/ready`)).ok;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
