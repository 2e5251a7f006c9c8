import type { Provider } from '@sluice/api';
import { errorMessage } from '@sluice/core';
import { isNotFound, type Cluster } from '@sluice/kube';
import { apiTime, conditionsOf, type Clock, type Condition, type Logger } from '@sluice/runtime';

/**
 * Says in a Provider's condition whether it takes what it is sent: when it begins to fail, when it fails otherwise, and
 * when it works again. A Provider that never failed has no status, as in Flux.
 */
export function createProviderHealth(cluster: Cluster, clock: Clock, log: Logger) {
  async function write(provider: Provider, condition: Omit<Condition, 'lastTransitionTime'>): Promise<void> {
    const { name = '', namespace = '' } = provider.metadata;
    const status = { conditions: [{ ...condition, lastTransitionTime: apiTime(clock.now()) }] };
    const key = { apiVersion: provider.apiVersion, kind: provider.kind, namespace, name };
    try {
      await cluster.patch(key, 'merge', { status }, { fieldManager: 'notification-controller', subresource: 'status' });
    } catch (error) {
      // Flux's own definition has no status there.
      if (!isNotFound(error)) log.debug('the condition of a provider could not be written', { error: errorMessage(error) });
    }
  }
  return {
    async failed(provider: Provider, message: string): Promise<void> {
      const ready = readyOf(provider);
      if (ready?.status === 'False' && ready.message === message) return;
      await write(provider, { type: 'Ready', status: 'False', reason: 'NotificationFailed', message, ...generationOf(provider) });
    },
    async worked(provider: Provider): Promise<void> {
      if (readyOf(provider)?.status !== 'False') return;
      const message = 'notifications are taken again';
      await write(provider, { type: 'Ready', status: 'True', reason: 'Succeeded', message, ...generationOf(provider) });
    },
  };
}

const readyOf = (provider: Provider): Condition | undefined => conditionsOf(provider).find(({ type }) => type === 'Ready');

const generationOf = ({ metadata: { generation } }: Provider) => (generation === undefined ? {} : { observedGeneration: generation });
