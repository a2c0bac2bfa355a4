import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import { nearestName } from '../configuration/nearest-name.ts';
import type { FunctionRule } from './function-rule.ts';
import type { FilePattern, PackagePattern } from './module-pattern.ts';
import type { FoundModule, ModuleStatus } from './module-report.ts';

/** What has become of one path of a rule. */
export interface FunctionEntry {
  readonly rule: FunctionRule;
  readonly path: string;
  readonly found: Set<string>;
  /** Fields that gave nothing, each told. */
  readonly gaps: Map<string, string>;
  /** Modules of the same package that the rule does not mean. */
  readonly others: Set<string>;
  why: string | undefined;
  file: string | undefined;
  isEsm: boolean;
}

/** Where an entry stands: `spanledger.yaml:7`. */
export function placeOf({ place }: FunctionRule): string {
  return `${relative('.', place.file)}:${place.line}`;
}

/** Whether an entry means more than one module. */
export function isOfMany({ rule }: Pick<FunctionEntry, 'rule'>): boolean {
  return /[*?{]/.test(rule.module.text);
}

/** What there is to say of an entry now. */
export function findingOf(entry: FunctionEntry): FoundModule {
  const { rule, path, file, gaps } = entry;
  return {
    module: `${path} of ${rule.module.text}`,
    ...(file !== undefined && { file }),
    instrumentation: placeOf(rule),
    status: statusOf(entry),
    note: ended(gaps.size > 0 ? [...gaps.values()].join('; ') : noteOf(entry)),
  };
}

function statusOf(entry: FunctionEntry): ModuleStatus {
  const { found, gaps, why } = entry;
  if (gaps.size > 0) return 'wrong path';
  if (found.size > 0) return 'patched';
  // Many may come yet: it is told when the program ends.
  return why === undefined || isOfMany(entry) ? 'never matched' : 'not recorded';
}

const unseen = 'Calls from within its own module are not seen';

function noteOf({ rule, found, others, why, isEsm }: FunctionEntry): string {
  if (found.size > 0) {
    const names = [...found].join(', ');
    const isMethod = [...found].every((name) => name.includes('.'));
    return `${rule.as}: ${names}${isMethod ? '' : `. ${unseen}${isEsm ? '' : ', but through exports'}`}`;
  }
  if (why !== undefined) return why.replace(/^it\b/, 'It');
  const { module } = rule;
  return module.kind === 'file' ? noFile(module) : noPackage(module, others);
}

function noFile({ text, one }: FilePattern): string {
  const directory = one === undefined ? undefined : dirname(one);
  if (one === undefined || directory === undefined || namesIn(directory).some((name) => isNamed(name, basename(one))))
    return `No module was loaded that ${text} means; where a compiler or a bundler makes other files, name those`;
  const nearest = nearestName(basename(one), namesIn(directory));
  return `There is no file ${relative('.', one)}${hintOf(nearest)}`;
}

function isNamed(file: string, name: string): boolean {
  return file === name || file.replace(/\.[cm]?[jt]sx?$/, '') === name;
}

function namesIn(directory: string): readonly string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

function noPackage({ text, name, installed, neighbours }: PackagePattern, others: ReadonlySet<string>): string {
  if (others.size > 0) {
    const loaded = [...others];
    return `Of the package were loaded ${loaded.join(', ')}${hintOf(nearestName(text, loaded) ?? loaded[0])}`;
  }
  if (installed) return 'The package was not loaded, or before spanledger/register: make that the first --import';
  const nearest = nearestName(name, neighbours());
  return `There is no package ${name}; a file of your own is written ./${text}${hintOf(nearest)}`;
}

function hintOf(nearest: string | undefined): string {
  return nearest === undefined ? '' : `; did you mean ${nearest}?`;
}

function ended(text: string): string {
  return text.endsWith('?') ? text : `${text}.`;
}
