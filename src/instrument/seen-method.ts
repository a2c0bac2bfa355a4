import { firstOwnClass } from './event-context.ts';

/** A method as whoever calls it sees it. */
export type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Stands in the way of a call: calls `original` with `self` and `args`, and answers what it answers. */
export type Passage<O> = (observer: O, self: unknown, original: Method, args: unknown[]) => unknown;

/**
 * A method of requests or answers, the calls of which are seen where somebody looks at the object. The class is watched, once; to put a
 * function of its own on each object takes ten times as long. Objects whose method is not that of their class get one of their own.
 */
export class SeenMethod<O> {
  readonly #name: string;
  readonly #passage: Passage<O>;
  readonly #slot: symbol;
  readonly #made = new WeakSet<Method>();
  readonly #asked = new WeakSet<object>();

  constructor(name: string, passage: Passage<O>) {
    this.#name = name;
    this.#passage = passage;
    this.#slot = Symbol(`spanledger.${name}`);
  }

  /** Lets `observer` see the calls of the method of this object from now on. */
  see(target: object, observer: O): void {
    if (!this.#hasMethod(target)) return;
    if (!this.#isSeen(target)) this.#watchClassOf(target);
    if (this.#isSeen(target)) (target as Record<symbol, O>)[this.#slot] = observer;
    else {
      const original = this.#methodOf(target);
      this.#replace(
        target,
        () => original,
        () => observer,
      );
    }
  }

  #hasMethod(target: object): boolean {
    return typeof this.#methodOf(target) === 'function';
  }

  #methodOf(target: object): Method {
    return (target as Readonly<Record<string, Method>>)[this.#name] as Method;
  }

  /** Not where somebody has put another method in front of that of the class. */
  #isSeen(target: object): boolean {
    return this.#made.has(this.#methodOf(target));
  }

  #watchClassOf(target: object): void {
    const prototype = Object.getPrototypeOf(target) as object;
    if (this.#asked.has(prototype)) return;
    this.#asked.add(prototype);
    const watched = firstOwnClass(prototype);
    if (watched === undefined || !this.#hasMethod(watched) || this.#isSeen(watched)) return;
    const slot = this.#slot;
    this.#made.add(
      this.#replace(
        watched,
        this.#originalOf(watched),
        (self) => (self as Readonly<Record<symbol, O>> | undefined)?.[slot],
      ),
    );
  }

  /** What a class inherits is looked up with each call, as it is without us: others replace it while the program runs. */
  #originalOf(watched: object): () => Method {
    const original = this.#methodOf(watched);
    if (Object.hasOwn(watched, this.#name)) return () => original;
    const above = Object.getPrototypeOf(watched) as object;
    return () => this.#methodOf(above);
  }

  #replace(target: object, originalOf: () => Method, observerOf: (self: unknown) => O | undefined): Method {
    const passage = this.#passage;
    const seen = function seen(this: unknown, ...args: unknown[]): unknown {
      const observer = observerOf(this);
      const original = originalOf();
      return observer === undefined ? original.apply(this, args) : passage(observer, this, original, args);
    };
    // Hidden from those who list members, and open to those who wrap it themselves.
    Object.defineProperty(target, this.#name, { value: seen, writable: true, configurable: true, enumerable: false });
    return seen;
  }
}
