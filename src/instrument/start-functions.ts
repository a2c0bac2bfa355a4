import { isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { EsmFiles } from './esm-hook.ts';
import { FunctionInstrumentation } from './function-instrumentation.ts';
import type { FunctionRule } from './function-rule.ts';
import type { FoundModule } from './module-report.ts';
import { watchAllFiles } from './module-watch.ts';

/** Functions of the program whose calls are recorded. */
export interface RunningFunctions {
  /** What has become of every entry so far. */
  modules(): readonly FoundModule[];
  /** Packages that may be ES modules. */
  readonly esmPackages: readonly string[];
  /** Files of the program that may be ES modules. */
  readonly esmFiles: EsmFiles;
  /** A module of such a package has been evaluated. */
  onEsModule(exports: unknown, name: string, directory: string | undefined): void;
}

/** Begins to record calls of the functions that the configuration file names. Without any, nothing is watched. */
export function startFunctions(rules: readonly FunctionRule[]): RunningFunctions {
  const functions = new FunctionInstrumentation(rules);
  if (rules.length > 0) watchAllFiles((path, exports) => functions.onFile(path, exports));
  const patterns = rules.map(({ module }) => module);
  const names = patterns.flatMap((pattern) => (pattern.kind === 'package' ? [pattern.name] : []));
  // What is certainly CommonJS needs no loader hook.
  const files = patterns.flatMap((pattern) =>
    pattern.kind === 'file' && !/\.c[jt]s$/.test(pattern.text) ? [pattern.url] : [],
  );
  const inPackages = names.map((name) => new RegExp(`/node_modules/${literal(name)}/`));
  const linked = patterns.flatMap((pattern) =>
    pattern.kind === 'package' && pattern.linked !== undefined
      ? [new RegExp(`^${literal(pathToFileURL(pattern.linked).href)}/`)]
      : [],
  );
  return {
    modules: () => functions.findings(),
    esmPackages: [...new Set(names)],
    esmFiles: {
      urls: [...files, ...inPackages, ...linked],
      listener: (exports, path) => void functions.onFile(path, exports, true),
    },
    onEsModule: (exports, name, directory) => {
      const path = directory === undefined || isAbsolute(name) ? undefined : join(directory, '..', name);
      functions.onModule({ name, exports, isEsm: true, ...(path !== undefined && { path }) });
    },
  };
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}
