import type { NotificationEvent } from './event.js';
import type { Outlet } from './outlet.js';
import type { ProviderSettings } from './settings.js';

/** Tells a provider of an event. Rejects when the provider did not take it. */
export type Notifier = (event: NotificationEvent, outlet: Outlet) => Promise<void>;

/** Reads a provider's settings; throws a SluiceError `ProviderInvalid` when they can not be. */
export type NotifierFactory = (settings: ProviderSettings) => Notifier;
