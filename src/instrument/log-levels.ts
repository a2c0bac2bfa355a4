import { type AuditLevel, parseLevel, severityNumberOf } from '../domain/audit.ts';

/** Names of levels beyond those that every logger has: of winston's npm, cli and syslog levels. */
const further: Readonly<Record<string, AuditLevel>> = {
  emerg: 'critical',
  alert: 'critical',
  help: 'info',
  data: 'info',
  prompt: 'info',
  http: 'debug',
  silly: 'debug',
  input: 'debug',
};

/** The level that a name stands for; `undefined` where it is a name of the service's own. */
export function levelOfName(name: unknown): AuditLevel | undefined {
  if (typeof name !== 'string') return undefined;
  return parseLevel(name) ?? (Object.hasOwn(further, name) ? further[name] : undefined);
}

/** The level of a number as pino and bunyan count: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal; between two, the lower. */
export function levelOfPinoNumber(number: number): AuditLevel {
  if (number >= 60) return 'critical';
  if (number >= 50) return 'error';
  if (number >= 40) return 'warning';
  return number >= 30 ? 'info' : 'debug';
}

/**
 * The level of a name that the service made up, by its place among the others: winston counts from the most severe on, so it is as severe
 * as the nearest known name that is at most as severe, else as the nearest that is more so. `info` where none is known.
 */
export function levelByRank(name: string, ranks: Readonly<Record<string, number>>): AuditLevel {
  const known = levelOfName(name);
  if (known !== undefined) return known;
  const rank = ranks[name] ?? 0;
  const neighbours = Object.keys(ranks)
    .flatMap((one) => {
      const level = levelOfName(one);
      return level === undefined ? [] : [{ level, distance: (ranks[one] ?? 0) - rank }];
    })
    .sort((a, b) => a.distance - b.distance);
  return (neighbours.find(({ distance }) => distance >= 0) ?? neighbours.at(-1))?.level ?? 'info';
}

/** The severity number of OpenTelemetry, and its text. */
export function severityOf(level: AuditLevel): { readonly severityNumber: number; readonly severityText: string } {
  return severities[level];
}

const severities = Object.fromEntries(
  (['debug', 'info', 'warning', 'error', 'critical'] as const).map((level) => [
    level,
    { severityNumber: severityNumberOf(level), severityText: level.toUpperCase() },
  ]),
) as Readonly<Record<AuditLevel, { readonly severityNumber: number; readonly severityText: string }>>;
