import type { LogCapture, LogLine } from './log-capture.ts';
import { levelOfName, levelOfPinoNumber } from './log-levels.ts';

type Line = Readonly<Record<string, unknown>>;
type AsJson = (this: PinoLogger, object: unknown, message: unknown, number: number, time: unknown) => string;

interface PinoLogger {
  readonly levels?: { readonly labels?: Readonly<Record<number, string>> };
  readonly [symbol: symbol]: unknown;
}

/** Symbols of one copy of pino, of its file `lib/symbols.js`. */
export interface PinoSymbols {
  readonly asJsonSym?: symbol;
  readonly messageKeySym?: symbol;
  readonly errorKeySym?: symbol;
  readonly streamSym?: symbol;
  readonly hooksSym?: symbol;
  readonly chindingsSym?: symbol;
}

/** What the record has elsewhere. */
const known = new Set(['level', 'time', 'pid', 'hostname', 'name']);
const longestLine = 1_000_000;

/**
 * Takes each line that loggers of this copy of pino write, as it is written: serializers, mixins, formatters and redaction of the service
 * have done their work on it, and where it goes, a worker thread perhaps, makes no difference. False where this is a pino that is not known.
 */
export function patchPino(makePrototype: unknown, symbols: PinoSymbols, capture: LogCapture): boolean {
  const { asJsonSym } = symbols;
  if (typeof makePrototype !== 'function' || asJsonSym === undefined) return false;
  const prototype = Object.getPrototypeOf((makePrototype as () => object)()) as { [symbol: symbol]: unknown };
  const asJson = prototype[asJsonSym];
  if (typeof asJson !== 'function') return false;
  const original = asJson as AsJson;
  const shipped = createShippedCheck();
  const patched: AsJson = function (object, message, number, time) {
    const line = original.call(this, object, message, number, time);
    if (capture.isMuted || shipped(symbolValue(this, symbols.streamSym))) return line;
    const name = nameOf(symbolValue(this, symbols.chindingsSym));
    capture.take(name, () => lineOf(this, symbols, finalText(this, symbols, line), { name, number }));
    return line;
  };
  prototype[asJsonSym] = patched;
  return true;
}

/** Fields that a logger and its parents are bound to stand in a piece of JSON, made once. */
function nameOf(bound: unknown): string {
  return (typeof bound === 'string' ? /"name":"([^"\\]+)"/.exec(bound)?.[1] : undefined) ?? 'pino';
}

function symbolValue(logger: PinoLogger, symbol: symbol | undefined): unknown {
  return symbol === undefined ? undefined : logger[symbol];
}

/** The hook by which a service changes lines at last, to mask what is in them for one. */
function finalText(logger: PinoLogger, { hooksSym }: PinoSymbols, line: string): string {
  const hooks = symbolValue(logger, hooksSym) as { readonly streamWrite?: unknown } | undefined;
  return typeof hooks?.streamWrite === 'function' ? String(hooks.streamWrite(line)) : line;
}

interface PinoLine {
  readonly name: string;
  readonly number: number;
}

function lineOf(logger: PinoLogger, symbols: PinoSymbols, text: string, { name, number }: PinoLine): LogLine {
  const label = logger.levels?.labels?.[number];
  const level = levelOfName(label) ?? levelOfPinoNumber(number);
  const fields = parse(text);
  if (fields === undefined) return { logger: name, level, message: text.trimEnd() };
  const messageKey = String(symbolValue(logger, symbols.messageKeySym) ?? 'msg');
  const errorKey = String(symbolValue(logger, symbols.errorKeySym) ?? 'err');
  const { [messageKey]: message, [errorKey]: error } = fields;
  return {
    logger: name,
    level,
    message: typeof message === 'string' ? message : (messageOf(error) ?? ''),
    fields,
    except: exceptFor(messageKey, isError(error) ? errorKey : messageKey),
    error: isError(error) ? error : undefined,
  };
}

const exceptions = new Map<string, ReadonlySet<string>>();

function exceptFor(messageKey: string, errorKey: string): ReadonlySet<string> {
  const key = `${messageKey}\0${errorKey}`;
  let except = exceptions.get(key);
  if (except === undefined) {
    except = new Set([...known, messageKey, errorKey]);
    exceptions.set(key, except);
  }
  return except;
}

function isError(value: unknown): value is Line {
  return typeof value === 'object' && value !== null && ('stack' in value || 'message' in value);
}

function messageOf(error: unknown): string | undefined {
  return isError(error) && typeof error.message === 'string' ? error.message : undefined;
}

function parse(text: string): Line | undefined {
  if (text.length > longestLine) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Line) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a stream, or one that it divides into, sends its lines to OpenTelemetry itself. */
function createShippedCheck(): (stream: unknown) => boolean {
  const answers = new WeakMap<object, boolean>();
  return (stream) => {
    if (typeof stream !== 'object' || stream === null) return false;
    const answer = answers.get(stream);
    if (answer !== undefined) return answer;
    const { streams } = stream as { readonly streams?: unknown };
    const parts = Array.isArray(streams) ? streams.map((one: { readonly stream?: unknown }) => one?.stream) : [stream];
    const isShipped = parts.some((one) => /^OTelPinoStream$/.test(one?.constructor?.name ?? ''));
    answers.set(stream, isShipped);
    return isShipped;
  };
}
