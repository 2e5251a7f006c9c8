/** What begins a private key in OpenSSH's own format, before it is written as text. */
export const OPENSSH_KEY_MAGIC = Buffer.from('openssh-key-v1\0');

/** Reads SSH's wire format: counted strings, and numbers. */
export class SshReader {
  readonly #bytes: Buffer;
  readonly #cutOff: () => Error;
  #at = 0;

  /** @param cutOff what is thrown when there is less than what should be read */
  constructor(bytes: Buffer, cutOff: () => Error) {
    this.#bytes = bytes;
    this.#cutOff = cutOff;
  }

  bytes(count: number): Buffer {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw this.#cutOff();
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  integer(): number {
    return this.bytes(4).readUInt32BE();
  }

  string(): Buffer {
    return this.bytes(this.integer());
  }
}

/** A counted string. */
export function sshString(value: string | Uint8Array): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** A number that is not negative: where its first bit is set it gets a zero before it. */
export function sshNumber(bytes: Buffer): Buffer {
  return sshString((bytes[0] ?? 0) >= 128 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes);
}
