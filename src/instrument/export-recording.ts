import type { HostFunction } from './recorded-call.ts';

/** What takes the place of a function. @param name by which it is reached, such as `OrderService.process` */
export type Replace = (fn: HostFunction, name: string) => HostFunction;

/** What became of a path into the exports of a module. */
export interface Replaced {
  /** The exports that take the place of the module's own: the same, but where they are one function, or cannot be changed. */
  readonly exports: unknown;
  /** Names of the functions that were found. */
  readonly found: readonly string[];
  /** Why nothing was found. */
  readonly why?: string;
}

/**
 * Replaces the functions at a path: `processOrder`, `OrderService.process` (a method of instances, or of the class itself), `OrderService.*`,
 * `default`, which of a CommonJS module may be all of its exports.
 */
export function replaceExports(exports: unknown, path: string, replace: Replace): Replaced {
  const names = path.split('.');
  if (names[0] === 'default' && !hasMember(exports, 'default')) {
    const [, ...rest] = names;
    if (rest.length > 0) return replaceIn(exports, rest, path, replace);
    if (!isPlainFunction(exports))
      return { exports, found: [], why: isClass(exports) ? aClass(path) : noFunction(path, exports) };
    return { exports: replace(exports, exports.name || 'default'), found: [path] };
  }
  return replaceIn(exports, names, path, replace);
}

/** Replaces members of the holder that all names but the last lead to. */
function replaceIn(exports: unknown, names: readonly string[], path: string, replace: Replace): Replaced {
  const parents = names.slice(0, -1);
  const last = names.at(-1) ?? '';
  let holder: unknown = exports;
  for (const name of parents) {
    holder = hasMember(holder, name) ? holder[name] : undefined;
    if (holder === undefined) return { exports, found: [], why: noSuch(name, exports) };
  }
  if (!isHolder(holder)) return { exports, found: [], why: noFunction(path, holder) };
  const isTop = parents.length === 0;
  const within = isClass(holder) && !isTop ? [holder.prototype as Holder, holder] : [holder];
  const prefix = parents
    .filter((name) => name !== 'default')
    .map((name) => `${name}.`)
    .join('');
  const picked = pick(within, last);
  const changes = picked.flatMap(({ owner, name, fn }) => {
    const descriptor = descriptorOf(owner, name);
    return descriptor === undefined ? [] : [{ owner, name, descriptor, value: replace(fn, nameOf(prefix, name, fn)) }];
  });
  if (changes.length === 0) return { exports, found: [], why: whyNone(holder, last, path) };
  const found = changes.map(({ name }) => (last === '*' ? [...parents, name].join('.') : path));
  let changed: unknown = exports;
  const stubborn = changes.filter(({ owner, name, descriptor, value }) => !setMember(owner, name, descriptor, value));
  if (stubborn.length > 0 && isTop)
    changed = copyWith(holder, new Map(stubborn.map(({ name, value }) => [name, value])));
  else if (stubborn.length > 0) return { exports, found: [], why: `${path} cannot be changed: it is frozen` };
  return { exports: changed, found };
}

function nameOf(prefix: string, name: string, fn: HostFunction): string {
  return name === 'default' ? fn.name || 'default' : `${prefix}${name}`;
}

type Holder = Record<string, unknown> & { readonly prototype?: unknown };

interface Picked {
  readonly owner: Holder;
  readonly name: string;
  readonly fn: HostFunction;
}

function pick(holders: readonly Holder[], name: string): readonly Picked[] {
  if (name === '*') return holders.flatMap((owner) => ownNames(owner).flatMap((one) => pickOne(owner, one)));
  for (const owner of holders) {
    const picked = pickOne(owner, name);
    if (picked.length > 0) return picked;
  }
  return [];
}

function pickOne(owner: Holder, name: string): readonly Picked[] {
  const descriptor = descriptorOf(owner, name);
  if (descriptor === undefined) return [];
  // The getters of a class belong to its instances; those of a module lead to what it exports.
  const isModule = !isPrototype(owner) && !isClass(owner);
  const value: unknown = 'value' in descriptor ? descriptor.value : isModule ? readMember(owner, name) : undefined;
  return isPlainFunction(value) ? [{ owner, name, fn: value }] : [];
}

function readMember(owner: Holder, name: string): unknown {
  try {
    return owner[name];
  } catch {
    return undefined;
  }
}

function isPrototype(owner: Holder): boolean {
  return Object.hasOwn(owner, 'constructor') && isClass(owner.constructor);
}

const ofEveryFunction = new Set(['constructor', 'length', 'name', 'prototype', 'arguments', 'caller']);

function ownNames(owner: object): readonly string[] {
  return Object.getOwnPropertyNames(owner).filter((name) => !ofEveryFunction.has(name));
}

/** Of the member itself, or of what it is inherited from; not from the language. */
function descriptorOf(owner: object, name: string): PropertyDescriptor | undefined {
  let holder: object | null = owner;
  while (holder !== null && holder !== Object.prototype && holder !== Function.prototype) {
    const descriptor = Reflect.getOwnPropertyDescriptor(holder, name);
    if (descriptor !== undefined) return descriptor;
    holder = Reflect.getPrototypeOf(holder);
  }
  return undefined;
}

/** An inherited method becomes one of the class that was named; the other classes keep theirs. */
function setMember(owner: Holder, name: string, descriptor: PropertyDescriptor, value: unknown): boolean {
  const own = Reflect.getOwnPropertyDescriptor(owner, name);
  try {
    if (own?.configurable === false) return own.writable === true && Reflect.set(owner, name, value);
    // The namespace of an ES module is changed by setting it.
    if (Object.prototype.toString.call(owner) === '[object Module]') return Reflect.set(owner, name, value);
    return Reflect.defineProperty(owner, name, {
      value,
      writable: true,
      configurable: true,
      enumerable: descriptor.enumerable === true,
    });
  } catch {
    return false;
  }
}

/** Compilers export by getters that cannot be changed; so the exports become others, with everything else as it was. */
function copyWith(holder: object, values: ReadonlyMap<string, unknown>): object {
  const descriptors = Object.getOwnPropertyDescriptors(holder);
  for (const [name, value] of values) {
    Object.assign(descriptors, { [name]: { value, writable: true, configurable: true, enumerable: true } });
  }
  return Object.create(Reflect.getPrototypeOf(holder), descriptors) as object;
}

function isHolder(value: unknown): value is Holder {
  return (typeof value === 'object' || typeof value === 'function') && value !== null;
}

function hasMember(value: unknown, name: string): value is Holder {
  return isHolder(value) && name in value;
}

function isClass(value: unknown): value is Holder {
  return typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));
}

function isPlainFunction(value: unknown): value is HostFunction {
  return typeof value === 'function' && !isClass(value);
}

function whyNone(holder: Holder, name: string, path: string): string {
  if (name === '*') return 'it has no functions';
  if (!(name in holder) && !(isClass(holder) && name in Object(holder.prototype))) return noSuch(name, holder);
  const value = readMember(holder, name);
  return isClass(value) ? aClass(path) : noFunction(path, value);
}

function aClass(path: string): string {
  return `${path} is a class: name its methods, ${path}.* or ${path}.method`;
}

function noFunction(path: string, value: unknown): string {
  return `${path} is no function but ${value === null ? 'null' : typeof value}`;
}

const mostNames = 20;

function noSuch(name: string, holder: unknown): string {
  const names = isHolder(holder)
    ? ownNames(isClass(holder) ? Object(holder.prototype) : holder).slice(0, mostNames)
    : [];
  const others = names.length === 0 ? 'it has no names' : `it has ${names.join(', ')}`;
  return `${name} is not among the exports, ${others}; what is not exported cannot be recorded`;
}
