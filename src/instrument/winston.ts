import { format as formatText } from 'node:util';
import { type Context, context } from '@opentelemetry/api';
import type { LogCapture, LogLine } from './log-capture.ts';
import { levelByRank } from './log-levels.ts';

/** What a logger hands on: a record with its level and its arguments under symbols of `triple-beam`. */
export type Info = Readonly<Record<string | symbol, unknown>>;

/** The slice of a winston 3 logger that is used. */
interface WinstonLogger {
  readonly silent?: boolean;
  readonly levels: Readonly<Record<string, number>>;
  readonly transports: readonly object[];
  readonly format: { transform(info: unknown, options?: unknown): unknown; readonly options?: unknown };
  isLevelEnabled(level: string): boolean;
  write(this: WinstonLogger, info: unknown, ...rest: unknown[]): unknown;
  push(this: WinstonLogger, chunk: unknown, ...rest: unknown[]): unknown;
  _transform(this: WinstonLogger, info: unknown, ...rest: unknown[]): void;
}

const levelSymbol = Symbol.for('level');
export const splatSymbol = Symbol.for('splat');
/** A logger of spanledger records its lines itself. */
export const ownLogger = Symbol.for('spanledger.own-logger.v1');

/** What a format adds that the record has elsewhere. */
const known = new Set(['level', 'message', 'timestamp', 'stack', 'exception', 'rejection', 'date', 'trace']);

/**
 * Takes what each logger of this copy of winston writes, as its format leaves it: what the service masks or filters stays masked and
 * filtered. It is taken on its way from the logger to the transports, which are not touched; without any transport nothing runs the
 * format, so a copy is sent through it. False where this is another winston than version 3.
 */
export function patchWinston(Logger: unknown, capture: LogCapture): boolean {
  const prototype = prototypeOf(Logger);
  if (prototype === undefined) return false;
  const { write, push, _transform: transform } = prototype;
  const lines = new FormedLines(capture);
  prototype._transform = function (info, ...rest) {
    lines.form(this, info, () => transform.call(this, info, ...rest));
  };
  prototype.push = function (chunk, ...rest) {
    lines.formed(this, chunk);
    return push.call(this, chunk, ...rest);
  };
  prototype.write = function (info, ...rest) {
    return lines.write(this, info, () => write.call(this, info, ...rest));
  };
  return true;
}

/** Lines on their way through the formats of their loggers. */
class FormedLines {
  readonly #capture: LogCapture;
  /** Where lines were written that had to wait for slow transports. */
  readonly #contexts = new WeakMap<object, Context>();
  #waiting: { readonly logger: WinstonLogger; readonly info: Info; readonly source: unknown }[] = [];
  #forming: { readonly logger: WinstonLogger; readonly info: unknown } | undefined;
  #lastFormed: unknown;
  #writes = 0;

  constructor(capture: LogCapture) {
    this.#capture = capture;
  }

  write<T>(logger: WinstonLogger, info: unknown, write: () => T): T {
    this.#writes += 1;
    this.#lastFormed = undefined;
    try {
      return write();
    } finally {
      this.#writes -= 1;
      if (isObject(info) && this.#lastFormed !== info) {
        if (logger.transports.length > 0) this.#contexts.set(info, context.active());
        else takeUnformed(this.#capture, logger, info);
      }
      this.#takeAll();
    }
  }

  form(logger: WinstonLogger, info: unknown, transform: () => void): void {
    const outer = this.#forming;
    this.#forming = { logger, info };
    try {
      this.#capture.muted(transform);
    } finally {
      this.#forming = outer;
      this.#takeAll();
    }
  }

  formed(logger: WinstonLogger, chunk: unknown): void {
    if (this.#forming?.logger !== logger) return;
    const { info } = this.#forming;
    this.#forming = undefined;
    this.#lastFormed = info;
    if (isObject(chunk)) this.#waiting.push({ logger, info: chunk, source: info });
  }

  /** Not while the transports write: what they say by way of the console is this line once more. */
  #takeAll(): void {
    if (this.#writes > 0 || this.#capture.isMuted || this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { logger, info, source } of waiting) {
      take(this.#capture, logger, info, isObject(source) ? this.#contexts.get(source) : undefined);
    }
  }
}

function prototypeOf(Logger: unknown): WinstonLogger | undefined {
  if (typeof Logger !== 'function') return undefined;
  const { prototype } = Logger as { prototype?: Partial<WinstonLogger> };
  const isKnown = (['write', 'push', '_transform', 'isLevelEnabled'] as const).every(
    (name) => typeof prototype?.[name] === 'function',
  );
  return isKnown ? (prototype as WinstonLogger) : undefined;
}

function isObject(value: unknown): value is Info {
  return typeof value === 'object' && value !== null;
}

/** The way of a line that no transport waits for: winston holds 16 of these and then no more. */
function takeUnformed(capture: LogCapture, logger: WinstonLogger, info: Info): void {
  const { format } = logger;
  const copy = info instanceof Error ? info : { ...info };
  const formed = capture.muted(() => format.transform(copy, format.options));
  if (isObject(formed)) take(capture, logger, formed, undefined);
}

function take(capture: LogCapture, logger: WinstonLogger, info: Info, written: Context | undefined): void {
  const level = String(info[levelSymbol] ?? info.level);
  if (isTakenElsewhere(logger) || logger.silent === true || !logger.isLevelEnabled(level)) return;
  const name = loggerName(info);
  capture.take(name, () => lineOf(logger, name, info, level, written));
}

const exporters = /^OpenTelemetryTransport/;

function isTakenElsewhere(logger: WinstonLogger): boolean {
  if (ownLogger in logger) return true;
  return logger.transports.some((transport) => exporters.test(transport.constructor.name));
}

function loggerName({ logger, label }: Info): string {
  for (const name of [logger, label]) if (typeof name === 'string' && name !== '') return name;
  return 'winston';
}

function lineOf(logger: WinstonLogger, name: string, info: Info, level: string, written: Context | undefined): LogLine {
  const splat = info[splatSymbol];
  const given = Array.isArray(splat) ? (splat as readonly unknown[]) : [];
  const error = errorOf(info, given);
  return {
    logger: name,
    level: levelByRank(level, logger.levels),
    message: messageOf(info, given),
    fields: hasTokens(info.message) ? { ...restOf(info, given), ...info } : info,
    except: known,
    error,
    context: written,
  };
}

const token = /%[scdjifoO%]/;

function hasTokens(message: unknown): message is string {
  return typeof message === 'string' && token.test(message);
}

/** The message of a record. `%s` that no `format.splat` has filled is filled, since the arguments would be lost. */
export function messageOf({ message }: Info, given: readonly unknown[]): string {
  if (hasTokens(message) && given.length > 0) return formatText(message, ...given.slice(0, tokensIn(message)));
  if (message instanceof Error) return message.message;
  return typeof message === 'string' ? message : formatText(message);
}

function tokensIn(message: string): number {
  return message.match(/%[scdjifoO]/g)?.length ?? 0;
}

/** The fields among the arguments that no `%s` has used. Without one, winston has put those of the first into the record itself. */
export function restOf({ message }: Info, given: readonly unknown[]): Readonly<Record<string, unknown>> {
  if (!hasTokens(message)) return none;
  const rest = given.slice(tokensIn(message)).filter((one) => isObject(one) && !Array.isArray(one));
  return Object.assign({}, ...rest.filter((one) => !(one instanceof Error)));
}

const none: Readonly<Record<string, unknown>> = Object.freeze({});

/** The error that a line is about: its only argument, the line itself, or one of its fields. */
export function errorOf(info: Info, given: readonly unknown[]): unknown {
  const thrown = [...given, info, info.message, info.error, info.err, info.cause].find((one) => one instanceof Error);
  if (thrown !== undefined) return thrown;
  const { stack, message } = info;
  return typeof stack === 'string' ? { stack, message: String(message), name: stack.split(/[:\n]/, 1)[0] } : undefined;
}
