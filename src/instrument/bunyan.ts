import type { LogCapture, LogLine } from './log-capture.ts';
import { levelOfPinoNumber } from './log-levels.ts';

interface BunyanRecord extends Readonly<Record<string, unknown>> {
  readonly level: number;
  readonly msg: string;
}

interface BunyanLogger {
  readonly streams?: readonly { readonly stream?: object; readonly level?: number }[];
  _emit(this: BunyanLogger, record: BunyanRecord, noEmit?: boolean): unknown;
}

/** What the record has elsewhere. */
const known = new Set(['level', 'msg', 'time', 'pid', 'hostname', 'name', 'v']);
const knownWithError = new Set([...known, 'err']);

/** Takes each record that loggers of this copy of bunyan write, behind the serializers of the service. False where it is no bunyan that is known. */
export function patchBunyan(Logger: unknown, capture: LogCapture): boolean {
  if (typeof Logger !== 'function') return false;
  const { prototype } = Logger as { prototype?: Partial<BunyanLogger> };
  const emit = prototype?._emit;
  if (prototype === undefined || typeof emit !== 'function') return false;
  prototype._emit = function (record, noEmit) {
    if (noEmit !== true && isWritten(this, record)) {
      const name = String(record.name ?? 'bunyan');
      capture.take(name, () => lineOf(name, record));
    }
    return capture.muted(() => emit.call(this, record, noEmit));
  };
  return true;
}

/** Whether one of its streams takes the line and none sends it to OpenTelemetry itself. */
function isWritten({ streams = [] }: BunyanLogger, { level }: BunyanRecord): boolean {
  if (streams.some(({ stream }) => /^OpenTelemetryBunyanStream$/.test(stream?.constructor.name ?? ''))) return false;
  return streams.length === 0 || streams.some((one) => (one.level ?? 0) <= level);
}

function lineOf(name: string, record: BunyanRecord): LogLine {
  const { err } = record;
  const hasError = typeof err === 'object' && err !== null;
  return {
    logger: name,
    level: levelOfPinoNumber(record.level),
    message: String(record.msg),
    fields: record,
    except: hasError ? knownWithError : known,
    ...(hasError && { error: err }),
  };
}
