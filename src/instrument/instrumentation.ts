import { diag, type TracerProvider } from '@opentelemetry/api';
import type { InstrumentationChoice } from '../configuration/otel-environment.ts';
import { loadInstrumentation, type OtelInstrumentation } from './instrumentation-package.ts';
import type { InstrumentationEntry } from './instrumentation-table.ts';
import type { FoundModule, ModuleReport } from './module-report.ts';
import { moduleNameOf, type PackageFile, packageVersionIn } from './package-file.ts';
import { type Patcher, type PatchOutcome, type PatchTarget, takePatches } from './patcher.ts';

/** Patches modules as they load. The package that patches a module is loaded when the module is, and not before. */
export class Instrumentation {
  readonly #entries: ReadonlyMap<string, InstrumentationEntry>;
  readonly #choice: InstrumentationChoice;
  readonly #places: readonly string[];
  readonly #report: ModuleReport;
  readonly #loaded = new Map<InstrumentationEntry, Loaded | undefined>();
  readonly #patched = new Set<string>();

  constructor(parts: InstrumentationParts) {
    this.#entries = new Map(parts.entries.flatMap((entry) => entry.modules.map((module) => [module, entry] as const)));
    this.#choice = parts.choice;
    this.#places = parts.places;
    this.#report = parts.report;
  }

  /** Names of everything that is looked out for. */
  get modules(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Whether an instrumentation is asked for. */
  isChosen({ name }: Pick<InstrumentationEntry, 'name'>): boolean {
    const { enabled, disabled } = this.#choice;
    return (enabled === undefined || enabled.includes(name)) && !disabled.includes(name);
  }

  /** A file of a package has been evaluated. Returns the exports that take the place of its own. Never throws. */
  onFile(file: PackageFile, exports: unknown): unknown {
    return this.#onModule(file.name, { exports, name: moduleNameOf(file), directory: file.directory });
  }

  /** An ES module has been evaluated, or a CommonJS module that an ES module imports. */
  onEsModule(exports: unknown, name: string, directory: string | undefined): unknown {
    const packageName = this.modules.find((module) => name === module || name.startsWith(`${module}/`)) ?? name;
    return this.#patched.has(keyOf(name, directory))
      ? exports
      : this.#onModule(packageName, { exports, name, directory });
  }

  /** A module of Node.js is asked for. True when it is patched with this call. */
  onBuiltin(name: string, exports: unknown): boolean {
    if (this.#patched.has(keyOf(name, undefined))) return false;
    this.#onModule(name, { exports, name, directory: undefined });
    return this.#patched.has(keyOf(name, undefined));
  }

  /** The instrumentation of that name, switched on; `undefined` where it is not chosen or not installed. */
  switchOn(name: string): OtelInstrumentation | undefined {
    const entry = [...this.#entries.values()].find((one) => one.name === name);
    if (entry === undefined || !this.isChosen(entry)) return undefined;
    return this.#load(entry)?.instance;
  }

  /** Whether the instrumentation of that name is switched on already. */
  isOn(name: string): boolean {
    return [...this.#loaded].some(([entry, loaded]) => entry.name === name && loaded !== undefined);
  }

  /** Lets what is loaded so far make its spans with another provider. */
  follow(provider: TracerProvider): void {
    for (const loaded of this.#loaded.values()) loaded?.instance.setTracerProvider(provider);
  }

  #onModule(packageName: string, target: PatchTarget): unknown {
    const entry = this.#entries.get(packageName);
    if (entry === undefined) return target.exports;
    try {
      return this.#patch(entry, packageName, target);
    } catch (error) {
      diag.warn(`${packageName} could not be instrumented.`, error);
      this.#note(packageName, target, { status: 'failed', note: String(error) });
      return target.exports;
    }
  }

  #patch(entry: InstrumentationEntry, module: string, target: PatchTarget): unknown {
    if (!this.isChosen(entry)) {
      this.#note(module, target, { status: 'disabled', note: 'By OTEL_NODE_*_INSTRUMENTATIONS.' });
      return target.exports;
    }
    if (entry.patch !== undefined) {
      const told = entry.patch(target, () => this.#load(entry)?.patcher);
      const { exports, result } = typeof told === 'string' ? { exports: target.exports, result: told } : told;
      this.#tell(result, module, target, 'spanledger');
      return exports;
    }
    const loaded = this.#load(entry);
    if (loaded === undefined) {
      this.#note(module, target, withoutInstrumentation(entry));
      return target.exports;
    }
    const { exports, result } = loaded.patcher.patch(target.exports, target.name, target.directory);
    this.#tell(result, module, target, loaded.label);
    return exports;
  }

  #tell(result: PatchOutcome['result'], module: string, target: PatchTarget, instrumentation: string): void {
    if (result === 'none') return;
    if (result === 'patched') this.#patched.add(keyOf(target.name, target.directory));
    this.#note(module, target, { ...outcomes[result], instrumentation });
  }

  #load(entry: InstrumentationEntry): Loaded | undefined {
    if (this.#loaded.has(entry) || entry.package === undefined) return this.#loaded.get(entry);
    // Whatever the package itself loads finds it being loaded.
    this.#loaded.set(entry, undefined);
    const found = loadInstrumentation(entry.package, this.#places);
    const loaded = found && { ...found, patcher: takePatches(found.instance, entry.options?.() ?? {}) };
    this.#loaded.set(entry, loaded);
    return loaded;
  }

  #note(module: string, { directory }: PatchTarget, found: Omit<FoundModule, 'module'>): void {
    const version = directory === undefined ? process.version : packageVersionIn(directory);
    const known = this.#report.list().find((one) => one.module === module && one.file === directory);
    // One file that is patched is enough.
    if (known?.status === 'patched') return;
    this.#report.note({
      module,
      ...(version !== undefined && { version }),
      ...(directory !== undefined && { file: directory }),
      ...found,
    });
  }
}

export interface InstrumentationParts {
  readonly entries: readonly InstrumentationEntry[];
  readonly choice: InstrumentationChoice;
  readonly places: readonly string[];
  readonly report: ModuleReport;
}

interface Loaded {
  readonly instance: OtelInstrumentation;
  readonly label: string;
  readonly patcher: Patcher;
}

const outcomes = {
  patched: { status: 'patched' },
  unsupported: {
    status: 'version not supported',
    note: 'The instrumentation does not know this version; a newer one may.',
  },
} as const satisfies Record<string, Omit<FoundModule, 'module'>>;

function withoutInstrumentation(entry: InstrumentationEntry): Omit<FoundModule, 'module'> {
  const install = entry.package === undefined ? undefined : `npm install ${entry.package}`;
  if (entry.seenThrough === undefined) return { status: 'no instrumentation installed', note: `${install}` };
  return {
    status: 'seen',
    note: `${capital(entry.seenThrough)}${install === undefined ? '' : `; for more: ${install}`}.`,
  };
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function keyOf(name: string, directory: string | undefined): string {
  return `${directory ?? ''}\0${name}`;
}
