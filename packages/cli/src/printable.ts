/**
 * Text from a cluster as it may be shown to a person: without control characters, which would drive the terminal. Ends of lines
 * and tabs stay.
 */
export function printable(text: string): string {
  return text.replace(/[^\P{Control}\n\t]/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
