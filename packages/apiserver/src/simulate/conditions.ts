/** A condition as most kinds have it. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  readonly lastUpdateTime?: string;
}

/**
 * Conditions with some of them set: a time moves only when the status does. The same list comes back when nothing
 * changed. `updateTimes` is for Deployments, which also say when a condition was last touched.
 */
export function setConditions(
  present: readonly Condition[],
  wanted: readonly Condition[],
  now: number,
  { updateTimes = false }: { readonly updateTimes?: boolean } = {},
): readonly Condition[] {
  const time = timestamp(now);
  let changed = false;
  const result = [...present];
  for (const condition of wanted) {
    const index = result.findIndex(({ type }) => type === condition.type);
    const before = result[index];
    if (
      before !== undefined &&
      before.status === condition.status &&
      before.reason === condition.reason &&
      before.message === condition.message
    )
      continue;
    changed = true;
    const lastTransitionTime = before?.status === condition.status ? (before.lastTransitionTime ?? time) : time;
    const after = { ...condition, ...(updateTimes && { lastUpdateTime: time }), lastTransitionTime };
    if (index < 0) result.push(after);
    else result[index] = after;
  }
  return changed ? result : present;
}

export function timestamp(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
