import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { diag, type TracerProvider } from '@opentelemetry/api';
import type { InstrumentationChoice } from '../configuration/otel-environment.ts';
import { appDependencies, isInstalled, lookupPlaces, packageAliases, runtimeDependencies } from './app-packages.ts';
import { beginsAsCommonJs } from './entry-format.ts';
import { findEsmGaps, isEsPackage } from './esm-gaps.ts';
import { type EsmFiles, type EsmHook, type EsmListener, hookEsModules } from './esm-hook.ts';
import { followFastify } from './fastify-routes.ts';
import type { FunctionRule } from './function-rule.ts';
import { honoBaseUrl, withHonoRoutes } from './hono-routes.ts';
import type { ExchangeOptions } from './http-exchange.ts';
import { Instrumentation } from './instrumentation.ts';
import { type InstrumentationEntry, instrumentationTable } from './instrumentation-table.ts';
import { createModuleReport, type FoundModule, type ModuleReport } from './module-report.ts';
import { isBuiltinModule, loadedPackages, watchModules } from './module-watch.ts';
import { moduleNameOf, packageVersionIn } from './package-file.ts';
import { type RunningFunctions, startFunctions } from './start-functions.ts';
import { startHttp } from './start-http.ts';
import { type JobsOptions, type RunningJobs, startJobs } from './start-jobs.ts';
import { loggerNames } from './start-loggers.ts';
import { onFirstUndiciRequest } from './undici.ts';

export interface InstrumentationOptions {
  /** What `OTEL_NODE_*_INSTRUMENTATIONS` say. */
  readonly choice: InstrumentationChoice;
  /** The header that carries the correlation id; `undefined` where none does. */
  readonly correlationHeader: string | undefined;
  /** What the rows of requests say beyond their spans; `undefined` where there are no such rows. */
  readonly requests: ExchangeOptions | undefined;
  /** Functions that the configuration file names. */
  readonly functions: readonly FunctionRule[];
  /** What is recorded of jobs. */
  readonly jobs: Omit<JobsOptions, 'places'>;
  /** The main module of the program. */
  readonly main: string | undefined;
  /** Its working directory. */
  readonly directory: string;
  /** Whether somebody asks what is instrumented, and what is not. */
  readonly isExamined?: boolean;
}

/** What is instrumented in this process. */
export interface RunningInstrumentation {
  /** Every module that was found so far, and what has become of it. */
  modules(): readonly FoundModule[];
  readonly esmHook: EsmHook;
  /** Lets everything that is loaded so far make its spans with another provider. */
  follow(provider: TracerProvider): void;
  /** The process ends: the requests that are still open end with it. */
  endOpenRequests(): void;
}

/** Begins to record functions and jobs of a program that has an SDK of its own, which instruments the rest. */
export function startUnitsOnly(
  options: Pick<InstrumentationOptions, 'functions' | 'jobs' | 'main' | 'directory'>,
): RunningInstrumentation {
  const jobs = startJobs({ ...options.jobs, places: lookupPlaces(options.main, options.directory) });
  const functions = startFunctions(options.functions);
  return {
    modules: () => [...functions.modules(), ...jobs.modules()],
    esmHook: hookEsModules(
      [...new Set([...functions.esmPackages, ...jobs.esmPackages])],
      (exports, name, directory) => tellUnits({ functions, jobs }, exports, name, directory),
      esmFilesOf(functions, jobs),
    ),
    follow: () => {},
    endOpenRequests: () => {},
  };
}

/** Begins to instrument whatever the program loads from now on. Call it after the providers are registered, once per process. */
export function startInstrumentation(options: InstrumentationOptions): RunningInstrumentation {
  const report = createModuleReport();
  const places = lookupPlaces(options.main, options.directory);
  const http = startHttp(options);
  const wanted = new Set(runtimeDependencies(places));
  const aliases = packageAliases(places);
  const own = instrumentationTable.filter(
    ({ isDirect, modules }) => isDirect !== true || modules.some((one) => wanted.has(one)),
  );
  const entries = [...own.map((entry) => http.complete(entry)), ...furtherEntries(places)];
  const instrumentation = new Instrumentation({ entries, choice: options.choice, places, report });
  noteEarly(instrumentation, report);
  const hasHono = instrumentation.isChosen({ name: 'hono' });
  watchModules({
    packages: new Set([...instrumentation.modules, ...aliases.keys()]),
    builtins: new Set(instrumentation.modules.filter(isBuiltinModule)),
    onFile: (found, exports) => {
      const file = { ...found, name: aliases.get(found.name) ?? found.name };
      const patched = instrumentation.onFile(file, exports);
      return hasHono ? withHonoRoutes(moduleNameOf(file), patched) : patched;
    },
    onBuiltin: (name, exports) => {
      if (instrumentation.onBuiltin(name, exports)) syncBuiltinESMExports();
    },
  });
  // After the libraries: of a file that is both, the patched exports are recorded.
  const jobs = startJobs({ ...options.jobs, places });
  const functions = startFunctions(options.functions);
  beginHttp(options.main);
  if (instrumentation.isChosen({ name: 'http' })) http.followHttp2();
  onFirstUndiciRequest(
    () => instrumentation.isOn('undici'),
    () => switchOn(instrumentation, 'undici', report),
  );
  if (instrumentation.isChosen({ name: 'fastify' })) followFastify();
  return {
    modules: () => [...report.list(), ...functions.modules(), ...jobs.modules()],
    esmHook: hookEsm(
      { instrumentation, entries, places, wanted, aliases, functions, jobs },
      options.isExamined === true ? report : undefined,
    ),
    follow: (provider) => {
      http.follow(provider);
      instrumentation.follow(provider);
    },
    endOpenRequests: () => http.endOpenRequests(),
  };
}

/** Instrumentations that the program has installed and that the table does not know. */
function furtherEntries(places: readonly string[]): InstrumentationEntry[] {
  const prefix = '@opentelemetry/instrumentation-';
  // The lines of loggers are taken without changing them, see startLoggers: these packages would write ids into them.
  const known = new Set([
    ...instrumentationTable.map((entry) => entry.package),
    ...loggerNames.map((name) => `${prefix}${name}`),
  ]);
  return appDependencies(places)
    .filter((name) => name.startsWith(prefix) && !known.has(name))
    .map((name) => {
      const short = name.slice(prefix.length);
      return { name: short, modules: [short], package: name, isEsm: true };
    });
}

function noteEarly(instrumentation: Instrumentation, report: ModuleReport): void {
  const watched = new Set(instrumentation.modules);
  for (const { name, directory } of loadedPackages()) {
    if (!watched.has(name)) continue;
    const version = packageVersionIn(directory);
    report.note({
      module: name,
      ...(version !== undefined && { version }),
      file: directory,
      status: 'loaded too early',
      note: 'It was loaded before spanledger/register: make that the first --import.',
    });
  }
}

const httpChannels = ['http.server.request.start', 'http.client.request.start'];

/**
 * A program that begins as CommonJS gets `node:http` patched when it asks for it. ES modules import it in a way that cannot be watched,
 * so for these it is patched at once. What a CommonJS program imports from ES modules later is found by its first request.
 */
function beginHttp(main: string | undefined): void {
  const load = () => {
    for (const channel of httpChannels) unsubscribe(channel, load);
    const require = createRequire(import.meta.url);
    for (const name of ['node:http', 'node:https']) require(name);
  };
  if (!beginsAsCommonJs(main)) load();
  else for (const channel of httpChannels) subscribe(channel, load);
}

function switchOn(instrumentation: Instrumentation, name: string, report: ModuleReport) {
  try {
    const instance = instrumentation.switchOn(name);
    if (instance !== undefined) report.note({ module: 'fetch', version: process.version, status: 'patched' });
    return instance;
  } catch (error) {
    diag.warn(`${name} could not be instrumented.`, error);
    report.note({ module: 'fetch', version: process.version, status: 'failed', note: String(error) });
    return undefined;
  }
}

/** Only what is there, may be an ES module and has an instrumentation is worth a hook. */
function hookEsm(parts: EsmParts, examined?: ModuleReport): EsmHook {
  const { instrumentation, entries, places, wanted, aliases, functions, jobs } = parts;
  // A package of others may have brought a framework along; only who asks for it by name is worth the hook.
  const names = entries
    .filter((entry) => entry.isEsm === true && instrumentation.isChosen(entry))
    .flatMap(({ modules, package: from, within = [] }) =>
      from === undefined
        ? namesOf(modules, aliases).filter(
            (name) => [name, ...within].some((one) => wanted.has(one)) && isEsPackage(name, places),
          )
        : modules.filter((module) => isInstalled(from, places) && isInstalled(module, places)),
    );
  const hasHono = instrumentation.isChosen({ name: 'hono' }) && wanted.has('hono');
  const gaps = examined && findEsmGaps(entries, places, names, examined);
  const onModule: EsmListener = (exports, found, directory) => {
    const name = aliases.get(found) ?? found;
    if (gaps?.onEsModule(name, directory) === true) return exports;
    tellUnits({ functions, jobs }, exports, name, directory);
    if (hasHono) withHonoRoutes(name, exports);
    return instrumentation.onEsModule(exports, name, directory);
  };
  const { urls, listener } = esmFilesOf(functions, jobs);
  const all = new Set([
    ...names,
    ...(gaps?.names ?? []),
    ...functions.esmPackages,
    ...jobs.esmPackages,
    ...(hasHono ? ['hono'] : []),
  ]);
  return hookEsModules([...all], onModule, { urls: hasHono ? [...urls, honoBaseUrl] : urls, listener });
}

/** Those of packages, and those under which the program has installed them. */
function namesOf(modules: readonly string[], aliases: ReadonlyMap<string, string>): readonly string[] {
  return [...modules, ...[...aliases].flatMap(([alias, name]) => (modules.includes(name) ? [alias] : []))];
}

interface EsmParts {
  readonly instrumentation: Instrumentation;
  readonly entries: readonly InstrumentationEntry[];
  readonly places: readonly string[];
  /** Packages that the program asks for by name. */
  readonly wanted: ReadonlySet<string>;
  /** Packages by the names that the program has given them. */
  readonly aliases: ReadonlyMap<string, string>;
  readonly functions: RunningFunctions;
  readonly jobs: RunningJobs;
}

function esmFilesOf(functions: RunningFunctions, jobs: RunningJobs): EsmFiles {
  return { urls: [...functions.esmFiles.urls, ...jobs.esmUrls], listener: functions.esmFiles.listener };
}

/** Each is told of every module, and knows its own. */
function tellUnits(
  { functions, jobs }: Pick<EsmParts, 'functions' | 'jobs'>,
  ...[exports, name, directory]: Parameters<EsmListener>
): unknown {
  functions.onEsModule(exports, name, directory);
  jobs.onEsModule(exports, name, directory);
  return exports;
}
