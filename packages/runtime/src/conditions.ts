/** A condition of an object's status. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

/** What a controller says; the time and the generation are added by {@link setCondition}. */
export type ConditionState = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/** The conditions that every kind has, in the order in which they stand first. */
const FIRST = ['Stalled', 'Reconciling', 'Ready'];

/** The API's limit on a condition's message, in bytes. */
const LONGEST_MESSAGE = 32_768;

/**
 * The list with a condition set. Any change of status, reason or message moves `lastTransitionTime` (tools that wait for
 * Flux rely on it, although Kubernetes' convention is that only the status counts); an unchanged one keeps its time and
 * takes the new generation. Compared is with what people were shown `before`, where that is not the list itself.
 */
export function setCondition(
  conditions: readonly Condition[],
  state: ConditionState,
  { generation, time, before: shown = conditions }: { generation: number | undefined; time: string; before?: readonly Condition[] },
): Condition[] {
  const message = cutMessage(state.message);
  const before = findCondition(shown, state.type);
  const same = before !== undefined && before.status === state.status && before.reason === state.reason && before.message === message;
  const condition: Condition = {
    type: state.type,
    status: state.status,
    reason: state.reason,
    message,
    lastTransitionTime: same ? before.lastTransitionTime : time,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
  return [...conditions.filter(({ type }) => type !== state.type), condition].sort(byImportance);
}

/** The list without the conditions of these types. */
export function removeConditions(conditions: readonly Condition[], ...types: string[]): Condition[] {
  return conditions.filter(({ type }) => !types.includes(type));
}

export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** Whether the condition is there with that status. */
export function hasCondition(conditions: readonly Condition[] | undefined, type: string, status: Condition['status'] = 'True'): boolean {
  return findCondition(conditions, type)?.status === status;
}

/** Stalled, Reconciling, Ready; then the newest generation first; then by name. */
function byImportance(a: Condition, b: Condition): number {
  const [first, second] = [FIRST.indexOf(a.type), FIRST.indexOf(b.type)];
  if (first >= 0 || second >= 0) return (first < 0 ? FIRST.length : first) - (second < 0 ? FIRST.length : second);
  const generations = (b.observedGeneration ?? 0) - (a.observedGeneration ?? 0);
  return generations !== 0 ? generations : a.type < b.type ? -1 : 1;
}

/** Cut at the limit with `...` at the end, and never in the middle of a character. */
function cutMessage(message: string): string {
  if (message.length * 3 <= LONGEST_MESSAGE) return message;
  const bytes = Buffer.from(message);
  if (bytes.length <= LONGEST_MESSAGE) return message;
  let end = LONGEST_MESSAGE - 3;
  while ((bytes[end]! & 0xc0) === 0x80) end--;
  return `${bytes.subarray(0, end).toString()}...`;
}
