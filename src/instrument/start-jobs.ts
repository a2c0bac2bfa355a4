import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import { diag } from '@opentelemetry/api';
import type { InstrumentationChoice } from '../configuration/otel-environment.ts';
import { runtimeDependencies } from './app-packages.ts';
import { bullmq } from './jobs/bullmq.ts';
import { graphileWorker } from './jobs/graphile-worker.ts';
import type { Exports, JobLibrary } from './jobs/job-library.ts';
import { JobRecorder, type JobRecorderOptions } from './jobs/job-recorder.ts';
import { nodeCron } from './jobs/node-cron.ts';
import { pgBoss } from './jobs/pg-boss.ts';
import { createModuleReport, type FoundModule, type ModuleReport } from './module-report.ts';
import { loadedPackages, watchFiles } from './module-watch.ts';
import { moduleNameOf, type PackageFile, packageVersionIn } from './package-file.ts';

export interface JobsOptions extends JobRecorderOptions {
  /** What `OTEL_NODE_*_INSTRUMENTATIONS` say: the libraries are names like others. */
  readonly choice: InstrumentationChoice;
  /** Where packages are looked for. */
  readonly places: readonly string[];
}

/** The job libraries of a program whose jobs are recorded. */
export interface RunningJobs {
  modules(): readonly FoundModule[];
  /** Packages among them that are ES modules, and their files that matter. */
  readonly esmPackages: readonly string[];
  readonly esmUrls: readonly RegExp[];
  /** A module of such a package has been evaluated. @param name as {@link moduleNameOf} tells it */
  onEsModule(exports: unknown, name: string, directory: string | undefined): void;
}

const libraries: readonly JobLibrary[] = [pgBoss, graphileWorker, nodeCron, bullmq];

/** Begins to record the jobs of the libraries that the program loads from now on. Call it once per process. */
export function startJobs({ choice, places, ...options }: JobsOptions): RunningJobs {
  const report = createModuleReport();
  const recorder = new JobRecorder(options);
  const chosen = libraries.filter(({ name }) => isChosen(choice, name));
  for (const { name } of libraries.filter((library) => !chosen.includes(library))) {
    watchFiles(new Set([name]), (file, exports) => {
      note(report, file, { status: 'disabled', note: 'By OTEL_NODE_*_INSTRUMENTATIONS.' });
      return exports;
    });
  }
  const patching = new JobPatching(chosen, recorder, report);
  patching.noteEarly();
  watchFiles(new Set(chosen.map(({ name }) => name)), (file, exports) => {
    patching.onFile(file, exports);
    return exports;
  });
  // A package of others may have brought one along; only who asks for it by name is worth the hook.
  const asked = runtimeDependencies(places);
  const esm = chosen.filter(({ name }) => asked.includes(name) && isEsmInstalled(name, places));
  return {
    modules: () => report.list(),
    esmPackages: esm.map(({ name }) => name),
    esmUrls: esm.flatMap(urlsOf),
    onEsModule: (exports, name, directory) => {
      const library = esm.find((one) => name === one.name || name.startsWith(`${one.name}/`));
      if (library === undefined || directory === undefined) return;
      const path = name === library.name ? mainOfEsm : name.slice(library.name.length + 1);
      patching.onFile({ name: library.name, directory, path: join(directory, path) }, exports);
    },
  };
}

/** Where those of the libraries that are ES modules have their main file. */
const mainOfEsm = join('dist', 'index.js');

function isChosen({ enabled, disabled }: InstrumentationChoice, name: string): boolean {
  return (enabled === undefined || enabled.includes(name)) && !disabled.includes(name);
}

/** Patches the files of the libraries, and tells what became of each. */
class JobPatching {
  readonly #libraries: ReadonlyMap<string, JobLibrary>;
  readonly #recorder: JobRecorder;
  readonly #report: ModuleReport;
  readonly #patched = new Set<string>();
  readonly #seen = new WeakSet<object>();

  constructor(chosen: readonly JobLibrary[], recorder: JobRecorder, report: ModuleReport) {
    this.#libraries = new Map(chosen.map((library) => [library.name, library]));
    this.#recorder = recorder;
    this.#report = report;
  }

  noteEarly(): void {
    for (const file of loadedPackages()) {
      if (!this.#libraries.has(file.name)) continue;
      const early = 'It was loaded before spanledger/register: make that the first --import.';
      note(this.#report, file, { status: 'loaded too early', note: early });
    }
  }

  /** A file of a package has been evaluated. Never throws. */
  onFile(file: PackageFile, exports: unknown): void {
    const library = this.#libraries.get(file.name);
    if (library === undefined || !isHolder(exports) || this.#seen.has(exports)) return;
    const patch = library.files[file.path.slice(file.directory.length + 1).replaceAll(sep, '/')];
    try {
      if (patch !== undefined) this.#seen.add(exports);
      if (patch?.apply(exports, this.#recorder) === true && patch.isNeeded === true) this.#patched.add(file.directory);
    } catch (error) {
      diag.warn(`${file.name} could not be instrumented.`, error);
      note(this.#report, file, { status: 'failed', note: String(error) });
      return;
    }
    if (this.#patched.has(file.directory)) note(this.#report, file, recorded);
    else if (patch?.isNeeded === true || moduleNameOf(file) === file.name) note(this.#report, file, unknownVersion);
  }
}

const recorded = { status: 'patched', note: 'Its jobs are recorded.' } as const;
const unknownVersion = { status: 'version not supported', note: 'Its jobs are not recorded.' } as const;

function note(report: ModuleReport, { name, directory }: PackageFile, found: Omit<FoundModule, 'module'>): void {
  const version = packageVersionIn(directory);
  report.note({ module: name, ...(version !== undefined && { version }), file: directory, ...found });
}

function isHolder(value: unknown): value is Exports {
  return (typeof value === 'object' || typeof value === 'function') && value !== null;
}

function urlsOf({ name, files }: JobLibrary): readonly RegExp[] {
  const escaped = (text: string) => text.replace(/[.+]/g, String.raw`\$&`);
  return Object.keys(files).map((file) => new RegExp(`/node_modules/${escaped(name)}/${escaped(file)}$`));
}

/** Whether a package is there that may be ES modules, for which alone a loader hook is worth its time. */
function isEsmInstalled(name: string, places: readonly string[]): boolean {
  return places.some((place) =>
    (createRequire(place).resolve.paths(name) ?? []).some((directory) => isEsm(join(directory, name, 'package.json'))),
  );
}

function isEsm(manifest: string): boolean {
  if (!existsSync(manifest)) return false;
  try {
    return (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly type?: unknown }).type === 'module';
  } catch {
    return false;
  }
}
