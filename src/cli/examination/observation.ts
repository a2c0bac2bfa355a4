/** One thing that was examined: how it is, and what to do where it is not well. */
export interface Observation {
  /** What was examined, such as `schema` or `dead letters`. */
  readonly subject: string;
  readonly status: 'ok' | 'finding';
  readonly message: string;
  /** What to do about a finding. */
  readonly action?: string;
  /** The database could not be asked, so that less was examined. */
  readonly unreachable?: true;
  /** What the message tells in numbers, with `--json`. */
  readonly figures?: object;
  /** The module that was examined, with `--json`. */
  readonly module?: object;
}

/** All is well. */
export function well(subject: string, message: string, figures?: object): Observation {
  return { subject, status: 'ok', message, ...(figures !== undefined && { figures }) };
}

/** Something needs a person. */
export function finding(subject: string, message: string, action: string, figures?: object): Observation {
  return { subject, status: 'finding', message, action, ...(figures !== undefined && { figures }) };
}
