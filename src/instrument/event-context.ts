import { EventEmitter } from 'node:events';
import { Duplex, Readable, Stream, Writable } from 'node:stream';
import { type Context, context } from '@opentelemetry/api';

/** Whoever the events of a request and its answer belong to. */
export interface EventOwner {
  /** All listeners are called in it, whoever added them, and from wherever Node.js emits the event. */
  readonly context: Context;
  /** An event of the answer, before its listeners hear of it. Throws nothing. */
  onAnswerEvent(event: unknown, argument: unknown): void;
}

const owner = Symbol('spanledger.event-owner');
const answer = Symbol('spanledger.is-answer');

interface Owned extends EventEmitter {
  [owner]?: EventOwner;
  [answer]?: true;
}

type Emit = (this: unknown, ...args: unknown[]) => boolean;

/** Lets the events of a request and of its answer happen in the context of their owner. */
export function ownEvents(request: EventEmitter, response: EventEmitter, by: EventOwner): void {
  (request as Owned)[owner] = by;
  (response as Owned)[owner] = by;
  (response as Owned)[answer] = true;
}

/** Whether somebody owns the events of this request. */
export function isOwned(request: object): boolean {
  return (request as Owned)[owner] !== undefined;
}

const known = new WeakMap<object, boolean>();

/**
 * Whether the events of an object can be owned: not where it has no class of its own, as in tests that make do with an `EventEmitter`. The
 * class is watched from then on: one method of it instead of a dozen of each object and a wrapper for each listener, which is what
 * binding emitters to contexts costs, 20 µs for every request.
 */
export function isOwnable(emitter: object): boolean {
  const prototype = Object.getPrototypeOf(emitter) as object;
  const remembered = known.get(prototype);
  if (remembered !== undefined) return remembered;
  const own = firstOwnClass(prototype);
  if (own !== undefined && !known.has(own)) watchEvents(own);
  if (own !== undefined) known.set(own, true);
  known.set(prototype, own !== undefined);
  return own !== undefined;
}

const bases: ReadonlySet<unknown> = new Set(
  [Duplex, Readable, Writable, Stream, EventEmitter].map((one) => one.prototype),
);

/** The class next to those that everything is made of: frameworks make classes of their own from that of Node.js, one for each request. */
export function firstOwnClass(prototype: object): object | undefined {
  let found: object | undefined;
  for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    if (bases.has(at)) return found;
    found = at;
  }
  return undefined;
}

function watchEvents(prototype: object): void {
  const own = Object.getOwnPropertyDescriptor(prototype, 'emit')?.value as Emit | undefined;
  const above = Object.getPrototypeOf(prototype) as { readonly emit: Emit };
  Object.defineProperty(prototype, 'emit', {
    value: function emit(this: Owned, ...args: unknown[]): boolean {
      // Looked up with each event, as Node.js does: domains replace it while the program runs.
      const original = own ?? above.emit;
      const by = this[owner];
      return by === undefined ? original.apply(this, args) : emitFor(by, this, original, args);
    },
    writable: true,
    configurable: true,
    enumerable: false,
  });
}

const plainEmit: unknown = EventEmitter.prototype.emit;

/** Most events have no listener; Node.js itself does something without one only about errors. */
function isUnheard(event: unknown, emit: Emit): boolean {
  return emit === plainEmit && event !== 'error';
}

function emitFor(by: EventOwner, emitter: Owned, emit: Emit, args: unknown[]): boolean {
  const event = args[0] as string;
  if (emitter[answer] === true) by.onAnswerEvent(event, args[1]);
  if (emitter.listenerCount(event) === 0) return isUnheard(event, emit) ? false : emit.apply(emitter, args);
  if (context.active() === by.context) return emit.apply(emitter, args);
  return context.with(by.context, emit, emitter, ...args);
}
