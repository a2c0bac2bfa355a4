import type { Configuration } from '../configuration/settings.ts';
import { type FoundModule, isNotInstrumented } from '../instrument/module-report.ts';
import { openChannel } from './channel.ts';

const channelName = 'spanledger.modules.v1';
const lookMillis = 200;

/** Whether anybody wants to know what became of the modules of worker threads: `spanledger doctor`, or whoever wrote entries that may match there. */
export function isReported({ functions }: Pick<Configuration, 'functions'>, reportTo: string | undefined): boolean {
  return reportTo !== undefined || functions.length > 0;
}

/** Tells the main thread what has become of the modules of this worker thread, whenever that changes. Keeps no thread alive. */
export function tellModules(list: () => readonly FoundModule[]): void {
  const channel = openChannel(channelName);
  let told = '[]';
  const tell = () => {
    const modules = list();
    const text = JSON.stringify(modules);
    if (text === told) return;
    told = text;
    channel.post(modules);
  };
  setInterval(tell, lookMillis).unref();
  process.once('exit', tell);
}

/** What worker threads have told of their modules by now. */
export function hearModules(): () => readonly FoundModule[] {
  const channel = openChannel(channelName);
  const found = new Map<string, FoundModule>();
  const hear = (message: unknown) => {
    for (const module of message as readonly FoundModule[]) {
      const known = found.get(keyOf(module));
      if (known === undefined || isNotInstrumented(known)) found.set(keyOf(module), module);
    }
  };
  channel.hear(hear);
  return () => {
    // Those that came while nobody could listen, as at the end of the process.
    for (let message = channel.next(); message !== undefined; message = channel.next()) hear(message);
    return [...found.values()];
  };
}

/** The modules of the main thread with those of its worker threads: what one of them has matched was not matched by none. */
export function withThreadModules(
  own: readonly FoundModule[],
  ofThreads: readonly FoundModule[],
): readonly FoundModule[] {
  const known = new Map(ofThreads.map((module) => [keyOf(module), module]));
  const merged = own.map((module) =>
    module.status === 'never matched' ? (known.get(keyOf(module)) ?? module) : module,
  );
  const ownKeys = new Set(own.map(keyOf));
  return [...merged, ...ofThreads.filter((module) => !ownKeys.has(keyOf(module)))];
}

/** An entry of the configuration file is one wherever it is matched; a package is one for each place it is installed in. */
function keyOf({ module, file = '', instrumentation = '' }: FoundModule): string {
  const isEntry = /:\d+$/.test(instrumentation);
  return `${module}\0${isEntry ? instrumentation : file}`;
}
