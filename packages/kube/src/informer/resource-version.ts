/**
 * Whether one resourceVersion of a server is older than another. They are decimal integers in every server of note, and since
 * Kubernetes 1.35 by definition; of anything else nothing can be said.
 */
export function isOlderVersion(a: string, b: string): boolean {
  if (!/^\d+$/.test(a) || !/^\d+$/.test(b)) return false;
  return a.length === b.length ? a < b : a.length < b.length;
}
