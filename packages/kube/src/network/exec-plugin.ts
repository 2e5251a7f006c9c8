import { isJsonObject, SluiceError } from '@sluice/core';
import { spawn } from 'node:child_process';
import { isatty } from 'node:tty';
import type { Credentials } from '../kubeconfig/types.js';
import type { Authenticator } from './authenticator.js';

export interface IssuedCertificate {
  readonly certificate: string;
  readonly key: string;
}

interface IssuedCredentials {
  readonly authorization?: string;
  readonly certificate?: IssuedCertificate;
  readonly expires: number;
}

/** A plugin that asks a person (a browser login) may take its time; this bounds one that hangs. */
const TIMEOUT_MS = 5 * 60_000;
const OUTPUT_LIMIT = 1024 * 1024;

/** Credentials from a command (client.authentication.k8s.io), kept until they expire or the server refuses them. */
export class ExecPlugin implements Authenticator {
  readonly #credentials: Credentials & { type: 'exec' };
  #issued: IssuedCredentials | undefined;
  #running: Promise<IssuedCredentials> | undefined;

  constructor(credentials: Credentials & { type: 'exec' }) {
    this.#credentials = credentials;
  }

  authorization(): string | undefined | Promise<string | undefined> {
    if (this.#issued !== undefined && this.#issued.expires > Date.now()) return this.#issued.authorization;
    return this.#issue().then(({ authorization }) => authorization);
  }

  certificate(): IssuedCertificate | undefined {
    return this.#issued?.certificate;
  }

  refused(): boolean {
    this.#issued = undefined;
    return true;
  }

  /** Many requests that find no credentials run the command once. */
  #issue(): Promise<IssuedCredentials> {
    this.#running ??= this.#run()
      .then((issued) => (this.#issued = issued))
      .finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #run(): Promise<IssuedCredentials> {
    const { exec, clusterInfo } = this.#credentials;
    const interactive = exec.interactiveMode !== 'Never' && isatty(0);
    if (exec.interactiveMode === 'Always' && !interactive) {
      throw failed(exec.command, 'it must be run in a terminal (interactiveMode: Always), and this is none');
    }
    const spec = { interactive, ...(clusterInfo === undefined ? {} : { cluster: clusterInfo }) };
    const info = JSON.stringify({ kind: 'ExecCredential', apiVersion: exec.apiVersion, spec });
    const env: Record<string, string | undefined> = { ...process.env, KUBERNETES_EXEC_INFO: info };
    for (const { name, value } of exec.env ?? []) env[name] = value;
    try {
      return readCredential(await runCommand(exec.command ?? '', exec.args ?? [], env, interactive), exec.apiVersion);
    } catch (error) {
      const hint = exec.installHint === undefined || (error as { code?: unknown }).code !== 'ENOENT' ? '' : `\n${exec.installHint}`;
      throw failed(exec.command, `${(error as Error).message}${hint}`, error);
    }
  }
}

function readCredential(output: string, apiVersion: string | undefined): IssuedCredentials {
  let credential: unknown;
  try {
    credential = JSON.parse(output);
  } catch {
    // Not shown: half a credential may be in it.
    throw new Error('what it printed is not JSON');
  }
  if (!isJsonObject(credential) || credential['kind'] !== 'ExecCredential') throw new Error('what it printed is not an ExecCredential');
  if (credential['apiVersion'] !== apiVersion)
    throw new Error(`it printed an ExecCredential of ${String(credential['apiVersion'])}, not of ${apiVersion}`);
  const status = isJsonObject(credential['status']) ? credential['status'] : {};
  const { token, clientCertificateData, clientKeyData, expirationTimestamp } = status;
  const expires = typeof expirationTimestamp === 'string' ? Date.parse(expirationTimestamp) : Infinity;
  if (Number.isNaN(expires)) throw new Error('the expirationTimestamp it printed is not a time');
  const certificate =
    typeof clientCertificateData === 'string' && typeof clientKeyData === 'string'
      ? { certificate: { certificate: clientCertificateData, key: clientKeyData } }
      : {};
  const authorization = typeof token === 'string' && token !== '' ? { authorization: `Bearer ${token}` } : {};
  const issued = { expires, ...authorization, ...certificate };
  if (Object.keys(issued).length === 1)
    throw new Error('the ExecCredential it printed has neither a token nor a client certificate with its key');
  return issued;
}

function runCommand(command: string, args: readonly string[], env: NodeJS.ProcessEnv, interactive: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'inherit'] });
    // Not spawn's own timeout: its timer goes on when the command is not there.
    const timer = setTimeout(() => child.kill(), TIMEOUT_MS);
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      if (output.length > OUTPUT_LIMIT) child.kill();
    });
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(output);
      else reject(new Error(code === null ? `it was ended by ${signal}` : `it ended with code ${code}`));
    });
  });
}

function failed(command: string | undefined, why: string, cause?: unknown): SluiceError {
  return new SluiceError('KubeCredentialsFailed', `the kubeconfig's command ${JSON.stringify(command)} gave no credentials: ${why}`, {
    cause,
  });
}
