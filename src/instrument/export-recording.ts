import { nearestName } from '../configuration/nearest-name.ts';
import type { HostFunction } from './recorded-call.ts';

/** What takes the place of a function; `undefined` where it stays. @param name by which it is reached, such as `OrderService.process` */
export type Replace = (fn: HostFunction, name: string) => HostFunction | undefined;

/** What became of a path into the exports of a module. */
export interface Replaced {
  /** The exports that take the place of the module's own: the same, but where they are one function, or cannot be changed. */
  readonly exports: unknown;
  /** Names of the functions that were found. */
  readonly found: readonly string[];
  /** Why nothing was found; absent too where all that was found stays. */
  readonly why?: string;
}

/**
 * Replaces the functions at a path: `processOrder`, `OrderService.process` (a method or a getter of instances, or of the class itself),
 * `OrderService.*` (its methods), `default`, which of a CommonJS module may be all of its exports.
 */
export function replaceExports(exports: unknown, path: string, replace: Replace): Replaced {
  const names = path.split('.');
  if (names[0] === 'default' && !hasMember(exports, 'default')) {
    const [, ...rest] = names;
    if (rest.length > 0)
      return replaceIn(exports, rest, path, (fn, name) => replace(fn, `${prefixOf('default', exports)}${name}`));
    if (!isPlainFunction(exports))
      return { exports, found: [], why: isClass(exports) ? aClass(path) : noFunction(path, exports) };
    const replaced = replace(exports, exports.name || 'default');
    return replaced === undefined ? { exports, found: [] } : { exports: replaced, found: [path] };
  }
  return replaceIn(exports, names, path, replace);
}

/** Replaces members of the holder that all names but the last lead to. */
function replaceIn(exports: unknown, names: readonly string[], path: string, replace: Replace): Replaced {
  const parents = names.slice(0, -1);
  const last = names.at(-1) ?? '';
  let holder: unknown = exports;
  let prefix = '';
  for (const [index, name] of parents.entries()) {
    if (!hasMember(holder, name)) return { exports, found: [], why: noSuch(name, holder, parents[index - 1]) };
    holder = readMember(holder, name);
    prefix += prefixOf(name, holder);
  }
  if (!isHolder(holder)) return { exports, found: [], why: noFunction(parents.join('.'), holder) };
  const picked = pick(membersOf(holder), last);
  if (picked.length === 0) return { exports, found: [], why: whyNone(holder, last, path, parents.at(-1)) };
  const changes = picked.flatMap((one) => {
    const value = replace(one.fn, one.name === 'default' ? one.fn.name || 'default' : `${prefix}${one.name}`);
    return value === undefined ? [] : [{ ...one, value }];
  });
  const found = changes.map(({ name }) => (last === '*' ? [...parents, name].join('.') : path));
  const stubborn = changes.filter((change) => !setMember(change));
  if (stubborn.length === 0) return { exports, found };
  if (stubborn.some(({ owner }) => owner !== exports))
    return { exports, found: [], why: `${path} cannot be changed: it is frozen` };
  return { exports: copyWith(holder, new Map(stubborn.map(({ name, value }) => [name, value]))), found };
}

/** A default export goes by the name that it has itself. */
function prefixOf(name: string, holder: unknown): string {
  if (name !== 'default') return `${name}.`;
  return typeof holder === 'function' && holder.name !== '' && holder.name !== 'default' ? `${holder.name}.` : '';
}

/** Where members are looked for: of a class, and of a function that compilers make of one, first in what instances have. */
function membersOf(holder: Holder): readonly Holder[] {
  const { prototype } = holder;
  return typeof holder === 'function' && isHolder(prototype) ? [prototype, holder] : [holder];
}

type Holder = Readonly<Record<string, unknown>>;

interface Picked {
  readonly owner: Holder;
  readonly name: string;
  readonly fn: HostFunction;
  readonly descriptor: PropertyDescriptor;
  /** The function is the getter of a class: each look at the member is a call. */
  readonly isGetter: boolean;
}

function pick(holders: readonly Holder[], name: string): readonly Picked[] {
  if (name === '*') {
    const all = holders.flatMap((owner) => ownNames(owner).flatMap((one) => pickOne(owner, one)));
    return all.filter(({ isGetter }) => !isGetter);
  }
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
  const isGetter = descriptor.get !== undefined && (isPrototype(owner) || isClass(owner));
  const value: unknown = isGetter ? descriptor.get : 'value' in descriptor ? descriptor.value : readMember(owner, name);
  return isPlainFunction(value) ? [{ owner, name, fn: value, descriptor, isGetter }] : [];
}

function readMember(owner: Holder, name: string): unknown {
  try {
    return owner[name];
  } catch {
    return undefined;
  }
}

function isPrototype(owner: Holder): boolean {
  const { constructor: made } = owner;
  return Object.hasOwn(owner, 'constructor') && isHolder(made) && made.prototype === owner;
}

const ofEveryFunction = new Set(['__esModule', 'constructor', 'length', 'name', 'prototype', 'arguments', 'caller']);

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
function setMember({ owner, name, descriptor, isGetter, value }: Picked & { readonly value: HostFunction }): boolean {
  const own = Reflect.getOwnPropertyDescriptor(owner, name);
  const { enumerable = false } = descriptor;
  try {
    if (own?.configurable === false) return !isGetter && own.writable === true && Reflect.set(owner, name, value);
    // The namespace of an ES module is changed by setting it.
    if (Object.prototype.toString.call(owner) === '[object Module]') return Reflect.set(owner, name, value);
    const { get: _, ...accessor } = descriptor;
    return Reflect.defineProperty(
      owner,
      name,
      isGetter
        ? { ...accessor, get: value, configurable: true }
        : { value, writable: true, configurable: true, enumerable },
    );
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

function whyNone(holder: Holder, name: string, path: string, of: string | undefined): string {
  if (name === '*') return `${of ?? 'it'} has no functions`;
  const owner = membersOf(holder).find((one) => name in one);
  if (owner === undefined) return noSuch(name, holder, of);
  const value = readMember(owner, name);
  return isClass(value) ? aClass(path) : noFunction(path, value);
}

function aClass(path: string): string {
  return `${path} is a class: name its methods, ${path}.* or ${path}.method`;
}

function noFunction(path: string, value: unknown): string {
  return `${path} is no function but ${value === null ? 'null' : typeof value}`;
}

const mostNames = 20;

/** @param of the member that should have it; `undefined` where it should be an export */
function noSuch(name: string, holder: unknown, of: string | undefined): string {
  const names = isHolder(holder) ? [...new Set(membersOf(holder).flatMap(ownNames))] : [];
  const nearest = nearestName(name, names);
  const others = names.length === 0 ? 'nothing' : names.slice(0, mostNames).join(', ');
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  return of === undefined
    ? `${name} is not exported; what is: ${others}${hint}`
    : `${of} has no ${name}${fieldText(holder)}; it has ${others}${hint}`;
}

function fieldText(holder: unknown): string {
  return isClass(holder) ? ', and what each instance is given is not seen' : '';
}
