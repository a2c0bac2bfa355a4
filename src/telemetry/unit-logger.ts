/** Fields of a log line. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Fields of an error line. */
export interface ErrorFields extends LogFields {
  readonly recommendedActions?: readonly string[];
}

/** Writes log lines of one session or item: each becomes an event, an OTLP log record and a row. Never throws. */
export interface UnitLogger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warning(message: string, fields?: LogFields): void;
  /** Adds class, message and stack of the error, its diagnosis and what to do. */
  error(message: string, error?: unknown, fields?: ErrorFields): void;
  performance(operation: string, durationMillis: number, fields?: LogFields): void;
  /** Records a transition that another machine made; the state of this unit is not touched. */
  stateTransition(from: string, to: string, reason: string, fields?: LogFields): void;
  /** A logger whose lines carry these fields too. */
  withContext(fields: LogFields): UnitLogger;
}
