import { isInstalled, manifestOf, runtimeDependencies } from './app-packages.ts';
import type { InstrumentationEntry } from './instrumentation-table.ts';
import type { ModuleReport } from './module-report.ts';
import { packageVersionIn } from './package-file.ts';

/** Packages that could be instrumented, and that the program may import as ES modules, where nothing patches them. */
export interface EsmGaps {
  readonly names: readonly string[];
  /** True where the module is one of them: it is told of, and left as it is. */
  onEsModule(name: string, directory: string | undefined): boolean;
}

/**
 * Looks for such packages among the dependencies of a program. Intercepting them costs time and gains nothing but a word on each, so this is for
 * those who ask what is instrumented.
 * @param hooked names of packages that are intercepted anyhow
 */
export function findEsmGaps(
  entries: readonly InstrumentationEntry[],
  places: readonly string[],
  hooked: readonly string[],
  report: ModuleReport,
): EsmGaps {
  const wanted = new Set(runtimeDependencies(places));
  const gaps = new Map(
    entries
      .filter((entry) => entry.package !== undefined && entry.seenThrough === undefined)
      .flatMap((entry) => entry.modules.map((module) => [module, entry] as const))
      .filter(([module]) => wanted.has(module) && !hooked.includes(module) && isEsPackage(module, places)),
  );
  const nameOf = (name: string) => [...gaps.keys()].find((gap) => name === gap || name.startsWith(`${gap}/`));
  return {
    names: [...gaps.keys()],
    onEsModule(name, directory) {
      const module = nameOf(name);
      const entry = module === undefined ? undefined : gaps.get(module);
      if (module === undefined || entry === undefined) return false;
      if (report.list().some((one) => one.module === module && one.file === directory)) return true;
      const version = directory === undefined ? undefined : packageVersionIn(directory);
      const isMissing = !isInstalled(entry.package ?? '', places);
      report.note({
        module,
        ...(version !== undefined && { version }),
        ...(directory !== undefined && { file: directory }),
        ...(isMissing
          ? { status: 'no instrumentation installed', note: `npm install ${entry.package}` }
          : {
              status: 'ES module',
              note: 'Its instrumentation does not see it where it is imported: load it with createRequire.',
            }),
      });
      return true;
    },
  };
}

/** Whether an `import` gets an ES module of it, and no CommonJS, which is patched as it is everywhere. */
export function isEsPackage(name: string, places: readonly string[]): boolean {
  const { type, exports } = manifestOf(name, places) ?? {};
  return type === 'module' || (typeof exports === 'object' && JSON.stringify(exports).includes('"import"'));
}
