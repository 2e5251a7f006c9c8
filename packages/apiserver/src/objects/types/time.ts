const seconds = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
const micros = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/;
const rfc3339 = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** Whether a text is an RFC 3339 time that exists. */
export function isTime(text: string): boolean {
  return rfc3339.test(text) && !Number.isNaN(Date.parse(text));
}

/** A time in UTC with whole seconds, as `metav1.Time` is written. */
export function canonicalTime(text: string): string {
  if (seconds.test(text) || !isTime(text)) return text;
  return `${new Date(text).toISOString().slice(0, 19)}Z`;
}

/** A time in UTC with six digits, as `metav1.MicroTime` is written. */
export function canonicalMicroTime(text: string): string {
  if (micros.test(text) || !isTime(text)) return text;
  const fraction = (rfc3339.exec(text)?.[2] ?? '.').slice(1, 7).padEnd(6, '0');
  return `${new Date(text).toISOString().slice(0, 19)}.${fraction}Z`;
}
