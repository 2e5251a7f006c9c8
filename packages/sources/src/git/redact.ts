/** A text for a person, without secrets: neither the given ones, in any encoding they travel in, nor credentials in addresses. */
export function redact(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) {
    // Redacting every "a" of a one-letter password would only spell it out.
    if (secret.length < 3) continue;
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) clean = clean.replaceAll(form, '***');
  }
  return clean.replaceAll(/\/\/[^/@\s'"]*@/g, '//***@');
}
