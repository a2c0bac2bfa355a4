/** What has become of a module that can be instrumented. */
export type ModuleStatus =
  | 'patched'
  | 'seen'
  | 'disabled'
  | 'loaded too early'
  | 'version not supported'
  | 'no instrumentation installed'
  | 'ES module'
  | 'never matched'
  | 'not recorded'
  | 'wrong path'
  | 'failed';

/** A module that was found. */
export interface FoundModule {
  readonly module: string;
  readonly version?: string;
  /** The file, or the directory of the package. */
  readonly file?: string;
  readonly status: ModuleStatus;
  /** The package that patches it, with its version. */
  readonly instrumentation?: string;
  /** Why it is so, and what to do. */
  readonly note?: string;
}

const findings: readonly ModuleStatus[] = [
  'loaded too early',
  'version not supported',
  'no instrumentation installed',
  'ES module',
  'never matched',
  'not recorded',
  'wrong path',
  'failed',
];

/** Whether a module was found and is not instrumented, against expectation. */
export function isNotInstrumented({ status }: Pick<FoundModule, 'status'>): boolean {
  return findings.includes(status);
}

/** Collects what becomes of each module, one entry for each place it is installed in; a later word on the same replaces the earlier. */
export interface ModuleReport {
  note(found: FoundModule): void;
  list(): readonly FoundModule[];
}

export function createModuleReport(): ModuleReport {
  const found = new Map<string, FoundModule>();
  return {
    note(one) {
      found.set(`${one.module}\0${one.file ?? ''}`, one);
    },
    list: () => [...found.values()],
  };
}
