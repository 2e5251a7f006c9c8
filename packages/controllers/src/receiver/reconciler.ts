import type { Receiver } from '@sluice/api';
import { errorMessage, formatDuration, parseDuration, SluiceError } from '@sluice/core';
import type { Cluster } from '@sluice/kube';
import { checkReceiver, webhookPath } from '@sluice/notifications';
import { jittered, type CommonStatus, type Outcome, type ReconcileContext, type Reconciler, type StatusDraft } from '@sluice/runtime';
import { secretsOf, textIn } from '../source/secrets.js';

export interface ReceiverStatus extends CommonStatus {
  webhookPath?: string;
}

type Context = ReconcileContext<ReceiverStatus>;

const DEFAULT_INTERVAL = '10m';
const TERMINAL = 'Reconciliation failed terminally due to configuration error';

/** Gives a Receiver its path, which its token makes, and refuses settings that can not work. */
export class ReceiverReconciler implements Reconciler<Receiver, ReceiverStatus> {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  async reconcile(receiver: Receiver, context: Context): Promise<Outcome> {
    const { status, random } = context;
    const fault = faultOf(receiver);
    if (fault !== undefined) {
      const message = `${TERMINAL}: ${fault.message}`;
      status.stalled(fault.reason, message);
      context.log.error(TERMINAL, fault.message);
      return { next: { type: 'idle' }, events: [{ severity: 'error', reason: fault.reason, message }], failure: new Error(message) };
    }
    status.reconciling('Progressing', 'Reconciliation in progress');
    let token: string;
    try {
      token = await this.#tokenOf(receiver, context.signal);
    } catch (error) {
      const message = errorMessage(error);
      status.set('Ready', 'False', 'TokenNotFound', message);
      delete status.fields.webhookPath;
      return { next: { type: 'retry' }, events: [{ severity: 'error', reason: 'Failed', message }], failure: error };
    }
    const { name = '', namespace = '' } = receiver.metadata;
    const path = webhookPath(token, name, namespace);
    status.set('Ready', 'True', 'Succeeded', `Receiver initialized for path: ${path}`);
    status.fields.webhookPath = path;
    const interval = receiver.spec.interval ?? DEFAULT_INTERVAL;
    return {
      next: { type: 'after', delayMs: jittered(parseDuration(interval), random) },
      events: [
        {
          severity: 'info',
          reason: 'Succeeded',
          message: `Reconciliation finished, next run in ${formatDuration(parseDuration(interval))}`,
        },
      ],
    };
  }

  suspended(_: Receiver, status: StatusDraft<ReceiverStatus>): void {
    if (status.has('Ready')) status.observeGeneration();
  }

  async #tokenOf(receiver: Receiver, signal: AbortSignal): Promise<string> {
    const { secretRef } = receiver.spec;
    if (secretRef === undefined) return '';
    const secrets = secretsOf(receiver, this.#cluster, signal);
    const id = secrets.id(secretRef.name);
    let secret;
    try {
      secret = await secrets.get(secretRef.name);
    } catch (error) {
      throw new Error(`unable to read token from secret '${id}' error: ${errorMessage(error)}`, { cause: error });
    }
    const token = textIn(secret, 'token');
    if (token === undefined) throw new Error(`invalid '${id}' secret data: required fields 'token'`);
    return token;
  }
}

interface Fault {
  readonly reason: 'InvalidCELExpression' | 'ValidationFailed';
  readonly message: string;
}

function faultOf({ spec }: Receiver): Fault | undefined {
  try {
    checkReceiver(spec);
  } catch (error) {
    const isExpression = error instanceof SluiceError && error.reason === 'CelInvalid';
    return { reason: isExpression ? 'InvalidCELExpression' : 'ValidationFailed', message: errorMessage(error) };
  }
  return undefined;
}
