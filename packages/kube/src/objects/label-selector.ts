/** A label selector as objects hold it (`spec.selector`, `matchLabels` of policies). */
export interface LabelSelectorSpec {
  readonly matchLabels?: Readonly<Record<string, string>> | null;
  readonly matchExpressions?: readonly LabelRequirement[] | null;
}

export interface LabelRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[] | null;
}

/** A selector as the text that requests carry (`app=web,tier in (a,b)`), and that core's `parseLabelSelector` reads. */
export function labelSelectorText(selector: LabelSelectorSpec): string {
  const labels = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values }) => {
    const list = `(${(values ?? []).join(',')})`;
    if (operator === 'In') return `${key} in ${list}`;
    if (operator === 'NotIn') return `${key} notin ${list}`;
    return operator === 'DoesNotExist' ? `!${key}` : key;
  });
  return [...labels, ...expressions].join(',');
}
