import { formatQuantity, parseQuantity } from '@sluice/core';

// The few spellings that objects use come again and again.
const MAX_KNOWN = 1000;
const known = new Map<string | number, string>();

/** The one spelling of a quantity: `1000m` → `1`, `1024Mi` → `1Gi`, `0.5` → `500m`. What is no quantity stays. */
export function canonicalQuantity(value: unknown): unknown {
  if (typeof value !== 'string' && typeof value !== 'number') return value;
  const cached = known.get(value);
  if (cached !== undefined) return cached;
  const quantity = parseQuantity(String(value));
  if (typeof quantity === 'string') return value;
  const text = formatQuantity(quantity);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(value, text);
  return text;
}
