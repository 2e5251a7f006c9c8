import type { MasterKey } from './master-key.js';

/**
 * Where private keys come from: a text with identities, a key ring, a service that holds keys. Engines know no network,
 * so that services are put in from outside.
 */
export interface KeySource {
  /** For messages: `entry age.agekey of Secret apps/sops-keys`, `SOPS_AGE_KEY_FILE (/home/me/keys.txt)`. */
  readonly origin: string;
  /** The only kind of keys that the source can open; any where absent. Files that want others are not looked for in it. */
  readonly kind?: MasterKey['type'];
  /**
   * What a master key has encrypted; undefined where the source has no key for it, or none of its kind. It throws where
   * the source has the key and can't use it: no access, no answer.
   */
  open(key: MasterKey): Promise<Uint8Array | undefined>;
}

/** What encrypts for a master key: gives what goes into `enc`, or undefined where it is of another kind. */
export interface KeySealer {
  seal(key: MasterKey, secret: Uint8Array): Promise<string | undefined>;
}
