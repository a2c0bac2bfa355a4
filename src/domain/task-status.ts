/** The statuses of a step in `task_progress`: what holds in each and what may follow. */
export const taskStatuses = {
  START: {
    next: ['IN_PROGRESS', 'SUCCESS', 'FAILED'],
    brief: 'The step began and has not told of progress.',
  },
  IN_PROGRESS: {
    next: ['IN_PROGRESS', 'SUCCESS', 'FAILED'],
    brief: 'The step is at work and has told of progress at least once.',
  },
  SUCCESS: {
    next: [],
    brief: 'The step ended well. Nothing follows.',
  },
  FAILED: {
    next: [],
    brief: 'The step broke off, or its scope ended around it. Only a START with a higher attempt follows.',
  },
} as const satisfies Record<string, { readonly next: readonly string[]; readonly brief: string }>;

/** A status of a step. */
export type TaskStatus = keyof typeof taskStatuses;

/** Every status, in the order of a step's life. */
export const taskStatusNames = Object.keys(taskStatuses) as readonly TaskStatus[];

/** Status and attempt of one step of one task in one trace. */
export interface TaskPoint {
  readonly status: TaskStatus;
  /** From 1. */
  readonly attempt: number;
}

/** Whether `value` is a status in its stored spelling. */
export function isTaskStatus(value: unknown): value is TaskStatus {
  return typeof value === 'string' && Object.hasOwn(taskStatuses, value);
}

/** Whether the step is over. */
export function isEndedTaskStatus(status: TaskStatus): boolean {
  return status === 'SUCCESS' || status === 'FAILED';
}

/**
 * Whether `next` may follow `current` for the same step. The first may be START, or a lone SUCCESS or FAILED: a point
 * event. Nothing follows SUCCESS; after FAILED only a START with a higher attempt.
 */
export function mayFollow(current: TaskPoint | undefined, next: TaskPoint): boolean {
  if (current === undefined) return next.status !== 'IN_PROGRESS';
  if (current.status === 'FAILED') return next.status === 'START' && next.attempt > current.attempt;
  const allowed: readonly string[] = taskStatuses[current.status].next;
  return next.attempt === current.attempt && allowed.includes(next.status);
}
