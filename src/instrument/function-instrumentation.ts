import Module from 'node:module';
import { diag } from '@opentelemetry/api';
import { replaceExports } from './export-recording.ts';
import { type FunctionEntry, findingOf, isOfMany, placeOf } from './function-entry.ts';
import type { FunctionRule } from './function-rule.ts';
import { isFileOf, isModuleOf, linkedPackageOf } from './module-pattern.ts';
import type { FoundModule } from './module-report.ts';
import { moduleNameOf, packageFileOf } from './package-file.ts';
import { type HostFunction, isRecorded, recordCalls } from './recorded-call.ts';
import { RecordedUnits } from './recorded-unit.ts';

/** A module that has been evaluated. */
export interface LoadedModule {
  /** Absolute path, for the files of the program. */
  readonly path?: string;
  /** `pkg`, or `pkg/lib/file.js`, for those of packages. */
  readonly name?: string;
  readonly exports: unknown;
  readonly isEsm: boolean;
}

/** Records calls of the functions that the configuration file names, in the modules that load from now on. */
export class FunctionInstrumentation {
  readonly #entries: readonly FunctionEntry[];
  /** The entry that a function is recorded by, and what takes its place. */
  readonly #owners = new WeakMap<object, FunctionEntry>();

  constructor(rules: readonly FunctionRule[]) {
    this.#entries = rules.flatMap((rule) =>
      rule.exports.map((path) => ({
        rule,
        path,
        found: new Set<string>(),
        gaps: new Map<string, string>(),
        others: new Set<string>(),
        why: undefined,
        file: undefined,
        isEsm: false,
      })),
    );
    this.#noteLoaded();
  }

  /** A module has been evaluated that is known by its file. Returns the exports that take the place of its own. Never throws. */
  onFile(path: string, exports: unknown, isEsm = false): unknown {
    const identity = this.#identityOf(path);
    return identity === undefined ? exports : this.onModule({ ...identity, exports, isEsm });
  }

  /** Any module has been evaluated. Returns the exports that take the place of its own. Never throws. */
  onModule(module: LoadedModule): unknown {
    let { exports } = module;
    for (const entry of this.#entries) {
      if (isMeant(entry, module)) exports = this.#record(entry, { ...module, exports });
      else noteOther(entry, module);
    }
    return exports;
  }

  /** What has become of every entry, for the start report. */
  findings(): readonly FoundModule[] {
    return this.#entries.map(findingOf);
  }

  /** Path and name of a module; `undefined` for one of a package that nobody has named. */
  #identityOf(path: string): Pick<LoadedModule, 'path' | 'name'> | undefined {
    const patterns = this.#entries.map(({ rule }) => rule.module);
    const file = packageFileOf(path) ?? linkedPackageOf(patterns, path);
    if (file === undefined) return { path };
    const isNamed = patterns.some((pattern) => pattern.kind === 'package' && pattern.name === file.name);
    return isNamed ? { path, name: moduleNameOf(file) } : undefined;
  }

  #record(entry: FunctionEntry, { exports, path, name, isEsm }: LoadedModule): unknown {
    const place = path ?? name;
    try {
      const replaced = replaceExports(exports, entry.path, (fn, found) => this.#replace(entry, fn, found));
      if (replaced.found.length > 0) {
        if (entry.found.size === 0) entry.file = place;
        entry.isEsm ||= isEsm;
        for (const one of replaced.found) entry.found.add(one);
      } else if (entry.found.size === 0) {
        // Of many files the one that has something like it is told of.
        if (entry.file === undefined || replaced.why?.endsWith('?') === true) entry.file = place;
        if (replaced.why !== undefined) noteNotFound(entry, replaced.why);
      }
      return replaced.exports;
    } catch (error) {
      entry.why ??= `it could not be changed: ${String(error)}`;
      diag.warn(`${placeOf(entry.rule)}: ${entry.path} could not be instrumented.`, error);
      return exports;
    }
  }

  /** The first entry that means a function has it. */
  #replace(entry: FunctionEntry, fn: HostFunction, name: string): HostFunction | undefined {
    const owner = this.#owners.get(fn);
    if (owner !== undefined && owner.rule !== entry.rule) {
      noteNotFound(entry, `${name} is recorded as ${owner.rule.as} by ${placeOf(owner.rule)}, which comes first`);
      return undefined;
    }
    if (isRecorded(fn)) return recordCalls(fn, () => undefined);
    const units = new RecordedUnits(entry.rule, name, (field, why) => noteGap(entry, field, why));
    const recorded = recordCalls(fn, (self, args) => units.begin(self, args));
    for (const one of [fn, recorded]) this.#owners.set(one, entry);
    return recorded;
  }

  /** Modules that were there before spanledger. */
  #noteLoaded(): void {
    const { _cache = {} } = Module as unknown as { readonly _cache?: Readonly<Record<string, unknown>> };
    if (this.#entries.length === 0) return;
    for (const path of Object.keys(_cache)) {
      const identity = this.#identityOf(path);
      for (const entry of this.#entries) {
        if (identity !== undefined && isMeant(entry, identity))
          entry.why = 'it was loaded before spanledger/register: make that the first --import';
      }
    }
  }
}

function isMeant({ rule: { module: pattern } }: FunctionEntry, { path, name }: Pick<LoadedModule, 'path' | 'name'>) {
  if (name !== undefined && isModuleOf(pattern, name)) return true;
  return path !== undefined && isFileOf(pattern, path);
}

/** Another module of the package that an entry names. */
function noteOther({ rule: { module: pattern }, others }: FunctionEntry, { name }: LoadedModule): void {
  if (pattern.kind !== 'package' || name === undefined) return;
  if (name === pattern.name || name.startsWith(`${pattern.name}/`)) others.add(name);
}

/** Of many files that a pattern means, one that has it is enough; of one file it is told at once. */
function noteNotFound(entry: FunctionEntry, why: string): void {
  const isNews = entry.why === undefined && entry.found.size === 0;
  if (entry.why === undefined || why.endsWith('?')) entry.why = why;
  if (isNews && !isOfMany(entry))
    diag.warn(`${placeOf(entry.rule)}: ${entry.path}: ${why}${why.endsWith('?') ? '' : '.'}`);
}

/** Told once, where it stands, however often it is called. */
function noteGap(entry: FunctionEntry, field: string, why: string): void {
  const { rule, gaps, path } = entry;
  const key = `${field} ${why}`;
  if (gaps.has(key)) return;
  const text = `${rule.place.file}:${rule.lines[field] ?? rule.place.line}: ${field}: ${why} when ${path} was called`;
  gaps.set(key, text);
  diag.warn(`${text}.`);
}
