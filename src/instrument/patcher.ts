import { diag } from '@opentelemetry/api';
import type { ModuleDefinition, OtelInstrumentation } from './instrumentation-package.ts';

/** What became of the exports of a module. */
export interface PatchOutcome {
  readonly exports: unknown;
  /** `none` where the instrumentation has nothing for this file. */
  readonly result: 'patched' | 'unsupported' | 'none';
}

/** Applies the patches of one instrumentation. */
export interface Patcher {
  /** @param name as {@link moduleNameOf} tells it @param directory of the package; absent for modules of Node.js */
  patch(exports: unknown, name: string, directory?: string): PatchOutcome;
}

/**
 * Takes the patches out of an instrumentation and switches it on without them: by itself it would intercept every `require` and every
 * `import` of the program, silently, and say nothing about versions that it does not know. Its own rules on versions and files stay.
 */
export function takePatches(instance: OtelInstrumentation, options: object): Patcher {
  const definitions = instance._modules ?? [];
  const canDrive = instance._onRequire !== undefined;
  if (canDrive) instance._modules = [];
  instance.setConfig({ ...options, enabled: true });
  instance.enable();
  if (!canDrive) diag.debug(`${instance.instrumentationName} patches modules by itself.`);
  return { patch: (exports, name, directory) => patch({ instance, definitions }, { exports, name, directory }) };
}

/** A module that has been evaluated. */
export interface PatchTarget {
  readonly exports: unknown;
  /** As {@link moduleNameOf} tells it. */
  readonly name: string;
  /** Of the package; absent for modules of Node.js. */
  readonly directory: string | undefined;
}

interface Driven {
  readonly instance: OtelInstrumentation;
  readonly definitions: readonly ModuleDefinition[];
}

function patch({ instance, definitions }: Driven, { exports, name, directory }: PatchTarget): PatchOutcome {
  let patched = exports;
  let result: PatchOutcome['result'] = 'none';
  for (const definition of definitions) {
    if (!concerns(definition, name)) continue;
    const count = countPatches(definition);
    patched = instance._onRequire?.(definition, patched, name, directory) ?? patched;
    if (count() > 0) result = 'patched';
    else if (result === 'none') result = 'unsupported';
  }
  return { exports: patched, result };
}

function concerns({ name, patch: main, files = [] }: ModuleDefinition, module: string): boolean {
  return (name === module && main !== undefined) || files.some((file) => file.name === module);
}

/** An instrumentation returns the exports whether it has patched them or not; that it has is only seen in its patch being called. */
function countPatches(definition: ModuleDefinition): () => number {
  let calls = 0;
  const counted = [definition, ...(definition.files ?? [])].flatMap((holder) => {
    const original = holder.patch;
    if (original === undefined) return [];
    holder.patch = (exports: unknown, version?: string) => {
      calls += 1;
      return original.call(holder, exports, version);
    };
    return [() => Object.assign(holder, { patch: original })];
  });
  return () => {
    for (const restore of counted) restore();
    return calls;
  };
}
