import { createRequire } from 'node:module';
import type { TracerProvider } from '@opentelemetry/api';
import { packageFileOf, packageVersionIn, resolveFrom } from './package-file.ts';
import { withoutRequireHook } from './require-hook.ts';

/** The patch of a module, as `@opentelemetry/instrumentation` has it in both of its lines. */
export interface ModuleDefinition {
  readonly name: string;
  patch?: ((exports: unknown, version?: string) => unknown) | undefined;
  readonly files?: readonly { readonly name: string; patch(exports: unknown, version?: string): unknown }[];
}

/** The slice of `InstrumentationBase` that is used. The last two are its own affair; where they are not there, it is left to itself. */
export interface OtelInstrumentation {
  readonly instrumentationName: string;
  enable(): void;
  setConfig(config: object): void;
  setTracerProvider(provider: TracerProvider): void;
  _modules?: ModuleDefinition[];
  _onRequire?(definition: ModuleDefinition, exports: unknown, name: string, baseDir?: string): unknown;
}

/** An instrumentation that is loaded, and switched off so far. */
export interface LoadedInstrumentation {
  readonly instance: OtelInstrumentation;
  /** Name and version of its package. */
  readonly label: string;
}

/**
 * Loads an instrumentation from the first place that has it installed: where the program is, its working directory, here.
 * `undefined` where none has it. @throws Error what its module throws, or that it has no instrumentation in it.
 */
export function loadInstrumentation(name: string, places: readonly string[]): LoadedInstrumentation | undefined {
  for (const place of places) {
    const path = resolveFrom(place, name);
    if (path === undefined) continue;
    const exports = createRequire(place)(path) as Readonly<Record<string, unknown>>;
    const Instrumentation = Object.entries(exports).find(([key]) => key.endsWith('Instrumentation'))?.[1];
    if (typeof Instrumentation !== 'function') throw new Error(`${name} exports no instrumentation.`);
    const Constructor = Instrumentation as new (config: object) => OtelInstrumentation;
    const instance = withoutRequireHook(() => new Constructor({ enabled: false }));
    return { instance, label: labelOf(name, path) };
  }
  return undefined;
}

function labelOf(name: string, path: string): string {
  const directory = packageFileOf(path)?.directory;
  const version = directory === undefined ? undefined : packageVersionIn(directory);
  return version === undefined ? name : `${name}@${version}`;
}
