/** Whether two lines of an authorized_keys file are of the same key, whatever comment follows it. */
export function samePublicKey(a: unknown, b: string): boolean {
  return typeof a === 'string' && essence(a) === essence(b);
}

function essence(line: string): string {
  return line.trim().split(/\s+/, 2).join(' ');
}
