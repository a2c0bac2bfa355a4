import Module from 'node:module';
import { relative } from 'node:path';
import { diag } from '@opentelemetry/api';
import { replaceExports } from './export-recording.ts';
import type { FunctionRule } from './function-rule.ts';
import { isFileOf, isModuleOf } from './module-pattern.ts';
import type { FoundModule, ModuleReport, ModuleStatus } from './module-report.ts';
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

/** What has become of one path of a rule. */
interface Entry {
  readonly rule: FunctionRule;
  readonly path: string;
  readonly found: Set<string>;
  readonly gaps: Map<string, string>;
  why: string | undefined;
  file: string | undefined;
  isEsm: boolean;
}

/** Records calls of the functions that the configuration file names, in the modules that load from now on. */
export class FunctionInstrumentation {
  readonly #entries: readonly Entry[];

  constructor(rules: readonly FunctionRule[]) {
    this.#entries = rules.flatMap((rule) =>
      rule.exports.map((path) => ({
        rule,
        path,
        found: new Set<string>(),
        gaps: new Map<string, string>(),
        why: undefined,
        file: undefined,
        isEsm: false,
      })),
    );
    this.#noteLoaded();
  }

  /** A CommonJS module has been evaluated. Returns the exports that take the place of its own. Never throws. */
  onFile(path: string, exports: unknown): unknown {
    const file = packageFileOf(path);
    if (file === undefined) return this.onModule({ path, exports, isEsm: false });
    const isNamed = this.#entries.some(({ rule }) => rule.module.kind === 'package' && rule.module.name === file.name);
    return isNamed ? this.onModule({ path, name: moduleNameOf(file), exports, isEsm: false }) : exports;
  }

  /** Any module has been evaluated. Returns the exports that take the place of its own. Never throws. */
  onModule(module: LoadedModule): unknown {
    let { exports } = module;
    for (const entry of this.#entries) {
      if (isMeant(entry, module)) exports = this.#record(entry, { ...module, exports });
    }
    return exports;
  }

  /** What has become of every entry, for the start report. */
  report(report: ModuleReport): void {
    for (const entry of this.#entries) report.note(findingOf(entry));
  }

  #record(entry: Entry, { exports, path, name, isEsm }: LoadedModule): unknown {
    try {
      const replaced = replaceExports(exports, entry.path, (fn, found) => this.#replace(entry, fn, found));
      if (replaced.why !== undefined && entry.found.size === 0) noteNotFound(entry, replaced.why);
      entry.file ??= path ?? name;
      entry.isEsm ||= isEsm;
      for (const one of replaced.found) entry.found.add(one);
      return replaced.exports;
    } catch (error) {
      entry.why ??= `it could not be changed: ${String(error)}`;
      diag.warn(`${placeOf(entry.rule)}: ${entry.path} could not be instrumented.`, error);
      return exports;
    }
  }

  #replace(entry: Entry, fn: HostFunction, name: string): HostFunction {
    if (isRecorded(fn)) return recordCalls(fn, () => undefined);
    const units = new RecordedUnits(entry.rule, name, (field, why) => noteGap(entry, field, why));
    return recordCalls(fn, (self, args) => units.begin(self, args));
  }

  /** Modules that were there before spanledger. */
  #noteLoaded(): void {
    const { _cache = {} } = Module as unknown as { readonly _cache?: Readonly<Record<string, unknown>> };
    for (const path of Object.keys(_cache)) {
      const file = packageFileOf(path);
      for (const entry of this.#entries) {
        const module = { path, ...(file !== undefined && { name: moduleNameOf(file) }) };
        if (isMeant(entry, module))
          entry.why = 'it was loaded before spanledger/register: make that the first --import';
      }
    }
  }
}

function isMeant({ rule: { module: pattern } }: Entry, { path, name }: Pick<LoadedModule, 'path' | 'name'>): boolean {
  if (name !== undefined && isModuleOf(pattern, name)) return true;
  return path !== undefined && isFileOf(pattern, path);
}

/** Of many files that a pattern means, one that has it is enough; of one file it is told at once. */
function noteNotFound(entry: Entry, why: string): void {
  const isFirst = entry.why === undefined;
  entry.why ??= why;
  if (isFirst && !/[*?{]/.test(entry.rule.module.text)) diag.warn(`${placeOf(entry.rule)}: ${entry.path}: ${why}.`);
}

/** Told once, where it stands, however often it is called. */
function noteGap(entry: Entry, field: string, why: string): void {
  const { rule, gaps, path } = entry;
  const key = `${field} ${why}`;
  if (gaps.has(key)) return;
  const text = `${rule.place.file}:${rule.lines[field] ?? rule.place.line}: ${field}: ${why} when ${path} was called`;
  gaps.set(key, text);
  diag.warn(`${text}.`);
}

function findingOf(entry: Entry): FoundModule {
  const { rule, path, file, gaps } = entry;
  return {
    module: `${path} of ${rule.module.text}`,
    ...(file !== undefined && { file }),
    instrumentation: placeOf(rule),
    status: statusOf(entry),
    note: gaps.size > 0 ? `${[...gaps.values()].join('; ')}.` : noteOf(entry),
  };
}

function statusOf({ found, gaps, why }: Entry): ModuleStatus {
  if (gaps.size > 0) return 'wrong path';
  if (found.size > 0) return 'patched';
  return why === undefined ? 'never matched' : 'not recorded';
}

const unseen = 'Calls from within its own module are not seen';

function noteOf({ rule, found, why, isEsm, path }: Entry): string {
  if (found.size > 0) {
    const names = [...found].join(', ');
    const isMethod = [...found].every((name) => name.includes('.'));
    return `${rule.as}: ${names}${isMethod ? '' : `. ${unseen}${isEsm ? '' : ', but through exports'}`}.`;
  }
  if (why !== undefined) return `${why.slice(0, 1).toUpperCase()}${why.slice(1)}.`;
  const { module } = rule;
  if (module.kind === 'file' && module.missing !== undefined)
    return `There is no file ${relative('.', module.missing)}.`;
  if (module.kind === 'file') return `No module was loaded that ${module.text} means; a bundler leaves none.`;
  return `The package was not loaded, so nothing of ${path} was; a file of your own is written ./${module.text}.`;
}

function placeOf({ place }: FunctionRule): string {
  return `${relative('.', place.file)}:${place.line}`;
}
