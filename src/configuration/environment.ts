/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A copy of the environment of this process. This is the only place that reads `process.env`. */
export function processEnvironment(): Environment {
  return { ...process.env };
}

/**
 * The value of a variable: trimmed, without the quotes that Docker's `--env-file` leaves around it. An empty value
 * counts as unset, as OpenTelemetry has it.
 */
export function environmentValue(environment: Environment, name: string): string | undefined {
  const value = environment[name]?.trim();
  if (value === undefined || value === '') return undefined;
  const quoted = /^(["'])(.*)\1$/s.exec(value);
  return quoted === null ? value : quoted[2] || undefined;
}

/** Names the directory in which `spanledger doctor -- node app.js` finds what became of the program, a file for each process. */
export const startReportVariable = 'SPANLEDGER_START_REPORT';

/** Tells a program that `spanledger run` has started it: `<pid>:<file descriptor>:<group or none>:<grace in ms>`. */
export const supervisorVariable = 'SPANLEDGER_SUPERVISOR';
