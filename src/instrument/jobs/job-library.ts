import type { HostFunction } from '../recorded-call.ts';
import type { JobRecorder } from './job-recorder.ts';

/** A library whose jobs are recorded, as data. */
export interface JobLibrary {
  /** The package, and its name for `OTEL_NODE_DISABLED_INSTRUMENTATIONS`. */
  readonly name: string;
  /** Files of the package that are patched, by their path in it. */
  readonly files: Readonly<Record<string, JobPatch>>;
}

/** What is done with a file once it is evaluated. */
export interface JobPatch {
  /** Whether the jobs are not recorded without it. */
  readonly isNeeded?: true;
  /** Changes members of what the file exports. False where they are not those that are known. */
  apply(exports: Exports, recorder: JobRecorder): boolean;
}

/** Exports of a module, which may be a class. */
export type Exports = Record<string, unknown>;

/** Something with members. */
export type Holder = Record<string, unknown>;

/** The class that a module is, or that it exports by default or under this name. */
export function prototypeIn(exports: Exports, name: string): Holder | undefined {
  const found = [exports[name], exports.default, exports].find((one) => typeof one === 'function' && one.name === name);
  return found === undefined ? undefined : ((found as { prototype: unknown }).prototype as Holder);
}

/** Puts another function in the place of a member. False where there is none. */
export function replaceMember(
  holder: Holder | undefined,
  name: string,
  replace: (fn: HostFunction) => HostFunction,
): boolean {
  const fn = holder?.[name];
  if (holder === undefined || typeof fn !== 'function') return false;
  const replaced = replace(fn as HostFunction);
  const own = Reflect.getOwnPropertyDescriptor(holder, name);
  // The namespace of an ES module is changed by setting it.
  if (own === undefined || own.configurable === false || !('value' in own)) return Reflect.set(holder, name, replaced);
  return Reflect.defineProperty(holder, name, { ...own, value: replaced });
}

/** A member that is a text, as it is or as a number. */
export function textIn(holder: unknown, name: string): string | undefined {
  const value = memberIn(holder, name);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
    ? String(value)
    : undefined;
}

/** A member that is a number. */
export function numberIn(holder: unknown, name: string): number | undefined {
  const value = memberIn(holder, name);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

export function memberIn(holder: unknown, name: string): unknown {
  return typeof holder === 'object' && holder !== null ? (holder as Holder)[name] : undefined;
}
