import { errorMessage, SluiceError, type KubeObject } from '@sluice/core';
import { commitStatusName } from './commit-status.js';
import { EVENT_GROUP, groupOfEvent, type NotificationEvent } from './event.js';
import { metadataOf, withAlertMetadata, type AlertMetadata, type MetadataConflict } from './metadata.js';
import type { Notifier } from './notifier.js';
import { notifiers } from './providers/index.js';
import { providerSettings, type ProviderSpec } from './settings.js';

/** Why a Provider is not told of an event. */
export type DropReason = 'suspended' | 'commit-status-update' | 'no-commit' | 'no-change-request';

const commitStatusTypes = new Set(['github', 'gitlab', 'gitea', 'bitbucketserver', 'bitbucket', 'azuredevops']);
const changeRequestTypes = new Set(['githubpullrequestcomment', 'gitlabmergerequestcomment', 'giteapullrequestcomment']);
const genericTypes = new Set(['generic', 'generic-hmac']);

/**
 * Whether a Provider has use for an event. Statuses of commits want what is about a commit, comments what is about a
 * change request; updates of statuses are for those who keep them, and for webhooks, which get everything.
 */
export function dropReason(spec: ProviderSpec, event: NotificationEvent): DropReason | undefined {
  if (spec.suspend === true) return 'suspended';
  const isUpdate = metadataOf(event, `${groupOfEvent(event)}/commit_status`) === 'update';
  const has = (key: string): boolean => (metadataOf(event, `${EVENT_GROUP}/${key}`) ?? '') !== '';
  if (commitStatusTypes.has(spec.type)) {
    return has('commit') || isUpdate || event.severity === 'error' ? undefined : 'no-commit';
  }
  if (isUpdate && !genericTypes.has(spec.type)) return 'commit-status-update';
  if (changeRequestTypes.has(spec.type) && !has('change_request')) return 'no-change-request';
  return undefined;
}

export interface PreparedNotification {
  /** The event as it goes out. */
  readonly event: NotificationEvent;
  readonly notify: Notifier;
  readonly conflicts: readonly MetadataConflict[];
}

/**
 * What it takes to tell a Provider of an event for an Alert.
 *
 * @param secret the decoded data of the Provider's Secret
 * @throws {SluiceError} `ProviderInvalid`
 */
export function prepareNotification(
  event: NotificationEvent,
  alert: { readonly object: KubeObject; readonly spec: AlertMetadata },
  provider: { readonly object: KubeObject; readonly spec: ProviderSpec },
  secret: Readonly<Record<string, string>> | undefined,
): PreparedNotification {
  const { spec, object } = provider;
  const { event: notification, conflicts } = withAlertMetadata(event, alert.spec);
  const commitStatus = commitStatusTypes.has(spec.type) ? commitStatusName(object, spec.commitStatusExpr, notification, alert.object) : '';
  try {
    const create = notifiers.get(spec.type);
    if (create === undefined) throw new SluiceError('ProviderInvalid', `provider ${spec.type} not supported`);
    const notify = create(providerSettings(spec, { secret, providerUid: object.metadata.uid ?? '', commitStatus }));
    return { event: notification, notify, conflicts };
  } catch (error) {
    const text = `failed to initialize notifier for provider '${object.metadata.name ?? ''}': failed to initialize notifier: ${errorMessage(error)}`;
    throw new SluiceError('ProviderInvalid', text, { cause: error });
  }
}
