/**
 * Notifications: which Alerts an event is for, and what each type of Provider is sent. Nothing here has a network: what
 * goes out, goes through an {@link Outlet}.
 *
 * @module
 */
export { matchAlert, type AlertFault, type AlertMatch, type AlertSpec, type EventSource } from './alert.js';
export { compileStatusExpression } from './commit-status.js';
export { dropReason, prepareNotification, type DropReason, type PreparedNotification } from './dispatch.js';
export { readEvent, type InvolvedObject, type NotificationEvent } from './event.js';
export { rateLimitKey, withoutForeignMetadata, withoutToken, type AlertMetadata, type MetadataConflict } from './metadata.js';
export type { Notifier } from './notifier.js';
export type { HttpAnswer, HttpRequest, MailMessage, NatsMessage, Outlet } from './outlet.js';
export type { ProviderSpec } from './settings.js';
export { checkReceiver } from './receiver/check.js';
export { handleWebhook, type WebhookDoors, type WebhookOutcome, type WebhookReceiver } from './receiver/handle.js';
export type { FetchJson, JwtClaims } from './receiver/jwt.js';
export type { ResourceTarget } from './receiver/resources.js';
export { createTokenVerifier, type TokenVerifier } from './receiver/tokens.js';
export { webhookPath, type OidcProvider, type ReceiverResource, type ReceiverSpec, type WebhookRequest } from './receiver/webhook.js';
