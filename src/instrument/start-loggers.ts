import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { InstrumentationChoice } from '../configuration/otel-environment.ts';
import { patchBunyan } from './bunyan.ts';
import { patchConsole } from './console.ts';
import { createLogCapture, type LogCapture } from './log-capture.ts';
import { createModuleReport, type FoundModule, type ModuleReport } from './module-report.ts';
import { loadedFile, watchFiles } from './module-watch.ts';
import { type PackageFile, packageVersionIn } from './package-file.ts';
import { type PinoSymbols, patchPino } from './pino.ts';
import { patchWinston } from './winston.ts';

export interface LoggerOptions {
  /** What `OTEL_NODE_*_INSTRUMENTATIONS` say: `winston`, `pino`, `bunyan` and `console` are names like others. */
  readonly choice: InstrumentationChoice;
  /** Most lines of one logger in a second; 0: any number. */
  readonly perSecond: number;
  /** A line was left out because its logger wrote too many. */
  readonly onLeftOut: () => void;
}

/** The loggers of a program whose lines are recorded. */
export interface RunningLoggers {
  modules(): readonly FoundModule[];
  /** Tells of lines that were left out and not told of yet. */
  finish(): void;
}

/** Names of the loggers that are known here, as instrumentations are named. */
export const loggerNames: readonly string[] = ['winston', 'pino', 'bunyan', 'console'];

type Patch = (exports: unknown, file: PackageFile, capture: LogCapture) => boolean;

/** The file of each package that is patched, and how. */
const patches: Readonly<Record<string, { readonly file: string; readonly patch: Patch }>> = {
  winston: {
    file: join('lib', 'winston', 'logger.js'),
    patch: (exports, _, capture) => patchWinston(exports, capture),
  },
  pino: {
    file: join('lib', 'proto.js'),
    patch: (exports, { path }, capture) => {
      const symbols = createRequire(path)(join(dirname(path), 'symbols.js')) as PinoSymbols;
      return patchPino(exports, symbols, capture);
    },
  },
  bunyan: { file: join('lib', 'bunyan.js'), patch: (exports, _, capture) => patchBunyan(exports, capture) },
};

const tellMillis = 1000;

/** Begins to record what the loggers of this thread write. Call it after the log provider is registered, once per thread. */
export function startLoggers({ choice, perSecond, onLeftOut }: LoggerOptions): RunningLoggers {
  const report = createModuleReport();
  let isToTell = false;
  const capture = createLogCapture({
    perSecond,
    onLeftOut: () => {
      onLeftOut();
      if (isToTell) return;
      isToTell = true;
      setTimeout(() => {
        isToTell = false;
        capture.tell();
      }, tellMillis).unref();
    },
  });
  const chosen = Object.keys(patches).filter((name) => isChosen(choice, name));
  for (const name of chosen) patchLoaded(name, capture, report);
  watchFiles(new Set(chosen), (file, exports) => {
    patchFile(file, exports, capture, report);
    return exports;
  });
  if (isChosen(choice, 'console')) {
    patchConsole(console, capture);
    report.note({ module: 'console', version: process.version, ...recorded });
  }
  return { modules: () => report.list(), finish: () => capture.tell(true) };
}

const recorded = { status: 'patched', note: 'Its lines are recorded.' } as const;

function isChosen({ enabled, disabled }: InstrumentationChoice, name: string): boolean {
  return (enabled === undefined || enabled.includes(name)) && !disabled.includes(name);
}

/** What is loaded already can be patched all the same: loggers look up what they call when they call it. */
function patchLoaded(name: string, capture: LogCapture, report: ModuleReport): void {
  for (const { file, exports } of loadedFile(name, patches[name]?.file ?? ''))
    patchFile(file, exports, capture, report);
}

function patchFile(file: PackageFile, exports: unknown, capture: LogCapture, report: ModuleReport): void {
  const known = patches[file.name];
  if (known === undefined || file.path !== join(file.directory, known.file)) return;
  const version = packageVersionIn(file.directory);
  report.note({
    module: file.name,
    ...(version !== undefined && { version }),
    file: file.directory,
    ...outcomeOf(() => known.patch(exports, file, capture)),
  });
}

function outcomeOf(patch: () => boolean): Omit<FoundModule, 'module'> {
  try {
    return patch() ? recorded : { status: 'version not supported', note: 'Its lines are not recorded.' };
  } catch (error) {
    return { status: 'failed', note: String(error) };
  }
}
