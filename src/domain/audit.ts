/** The audit categories and what records of each hold. */
export const auditCategories = {
  state_transition: 'A move of a session or item: from, to, reason, auto, forced.',
  file_operation: 'Work on a file: path, operation, size, duration.',
  db_operation: 'Work on the database: entity, operation, shape of the query without its values.',
  validation: 'A validation: its type and its result.',
  duplicate_check: 'A check for duplicates: hash, match type (exact, perceptual, cryptographic, none), result.',
  error: 'An error: type, message, stack, diagnosed category, recommended actions.',
  performance: 'A measurement: operation, duration, size, throughput.',
  consistency: 'A consistency check: every issue and recommendation in full.',
} as const satisfies Record<string, string>;

/** An audit category. */
export type AuditCategory = keyof typeof auditCategories;

/** Every audit category. */
export const auditCategoryNames = Object.keys(auditCategories) as readonly AuditCategory[];

/** Whether `value` is an audit category. */
export function isAuditCategory(value: unknown): value is AuditCategory {
  return typeof value === 'string' && Object.hasOwn(auditCategories, value);
}

/** The levels with their OpenTelemetry severity numbers, lowest first. Lower case here and in tables, upper case in JSON logs. */
export const auditLevels = { debug: 5, info: 9, warning: 13, error: 17, critical: 21 } as const;

/** A level, as tables store it. */
export type AuditLevel = keyof typeof auditLevels;

/** Every level, lowest first. */
export const auditLevelNames = Object.keys(auditLevels) as readonly AuditLevel[];

/** A level's OpenTelemetry severity number. */
export function severityNumberOf(level: AuditLevel): number {
  return auditLevels[level];
}

/** Levels as other loggers spell them. */
export const levelSpellings: Readonly<Record<string, AuditLevel>> = {
  trace: 'debug',
  verbose: 'debug',
  notice: 'info',
  warn: 'warning',
  err: 'error',
  fatal: 'critical',
  crit: 'critical',
};

/** Reads a level in any letter case, common spellings of other loggers included; `undefined` where it is unknown. */
export function parseLevel(value: unknown): AuditLevel | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim().toLowerCase();
  if (isAuditLevel(text)) return text;
  return Object.hasOwn(levelSpellings, text) ? levelSpellings[text] : undefined;
}

/** Whether `value` is a level in its stored spelling. */
export function isAuditLevel(value: unknown): value is AuditLevel {
  return typeof value === 'string' && Object.hasOwn(auditLevels, value);
}

const maxSeverityNumber = 24;

/** The level that an OpenTelemetry severity number stands for; trace counts as debug. `undefined` outside 1 to 24. */
export function levelOfSeverity(severityNumber: number): AuditLevel | undefined {
  return levelBySeverity[Math.floor(severityNumber)];
}

const levelBySeverity: readonly (AuditLevel | undefined)[] = [
  undefined,
  ...Array.from(
    { length: maxSeverityNumber },
    (_, index) => auditLevelNames.findLast((level) => auditLevels[level] <= index + 1) ?? 'debug',
  ),
];

/** Whether `level` is at least as severe as `floor`. */
export function isAtLeast(level: AuditLevel, floor: AuditLevel): boolean {
  return auditLevels[level] >= auditLevels[floor];
}
