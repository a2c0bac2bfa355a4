import { type DiagLogFunction, type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { visible } from '../cli/visible.ts';
import { sanitizer } from '../storable/sanitizer.ts';
import { openStandardError, writeToStandardError } from './standard-error.ts';

/** Where messages go, what time it is on a clock that is not set, and how long a message stays quiet after it was shown. */
export interface DiagnosticLoggerOptions {
  readonly write?: (line: string) => void;
  readonly now?: () => number;
  readonly quietMillis?: number;
}

const quietMillisDefault = 60_000;
const maxRemembered = 200;

/**
 * A logger for OpenTelemetry's diagnostics that writes to standard error, never to standard output, which belongs to the host.
 * What it writes is redacted, stays one line whatever is in it, and never waits for whoever reads it.
 * The same message is shown once a minute, with the number of times it came in between: a collector that is down is not a flood.
 */
export function createDiagnosticLogger(options: DiagnosticLoggerOptions = {}): DiagLogger {
  const { write = writeToStandardError, now = () => performance.now(), quietMillis = quietMillisDefault } = options;
  const shown = new Map<string, { at: number; hidden: number }>();
  const log = (level: string): DiagLogFunction => {
    return (message, ...details) => {
      // The API tells every logger that another one takes over; two loggers in one process are no fault.
      if (message.startsWith('Current logger will')) return;
      const told = sanitizer().text([message, ...details.map(detailText)].join(' '));
      const text = `spanledger ${level}: ${visible(told.replaceAll('\n', ' '))}`;
      const key = text.slice(0, 160);
      const last = shown.get(key);
      if (last !== undefined && now() - last.at < quietMillis) {
        last.hidden += 1;
        return;
      }
      if (shown.size >= maxRemembered) shown.clear();
      shown.set(key, { at: now(), hidden: 0 });
      write(last === undefined || last.hidden === 0 ? text : `${text} (and ${last.hidden} times before)`);
    };
  };
  return { error: log('error'), warn: log('warning'), info: log('info'), debug: log('debug'), verbose: log('verbose') };
}

const levels: Readonly<Record<string, DiagLogLevel>> = {
  none: DiagLogLevel.NONE,
  error: DiagLogLevel.ERROR,
  warn: DiagLogLevel.WARN,
  info: DiagLogLevel.INFO,
  debug: DiagLogLevel.DEBUG,
  verbose: DiagLogLevel.VERBOSE,
  all: DiagLogLevel.ALL,
};

/** Registers the logger at the level `OTEL_LOG_LEVEL` names, or at warnings. */
export function installDiagnosticLogger(logger: DiagLogger, level: string | undefined): void {
  openStandardError();
  diag.setLogger(logger, { logLevel: levels[level ?? 'warn'] ?? DiagLogLevel.WARN, suppressOverrideMessage: true });
}

function detailText(detail: unknown): string {
  if (typeof detail === 'string') return detail;
  if (detail instanceof Error) {
    const advice = 'action' in detail && typeof detail.action === 'string' ? ` ${detail.action}` : '';
    return `${detail.message}${advice}`;
  }
  return sanitizer().json(detail);
}
