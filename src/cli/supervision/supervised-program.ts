import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { processEnvironment, supervisorVariable } from '../../configuration/environment.ts';
import type { SupervisorMessage } from '../../register/supervisor-link.ts';

/** How a program ended. */
export interface ProgramEnd {
  readonly code?: number;
  readonly signal?: NodeJS.Signals;
}

/** One run of a program, and what it tells of itself. */
export interface SupervisedProgram {
  readonly pid: number | undefined;
  /** @throws Error where it could not be started */
  readonly ended: Promise<ProgramEnd>;
  /** Sends a signal to the program alone. */
  signal(signal: NodeJS.Signals): void;
  /** Sends a signal to the program and all that it has started, where it leads a process group. */
  signalGroup(signal: NodeJS.Signals): void;
  /** Whether something of the program's group still runs. */
  hasLeftovers(): boolean;
}

const linkDescriptor = 3;
const hasGroups = process.platform !== 'win32';

/**
 * Starts a program under supervision: with `spanledger/register` where it is Node.js, connected by a socket that tells the program when
 * its supervisor is gone. It leads a process group of its own, unless it needs the terminal.
 */
export function startProgram(
  { command, graceMillis }: { readonly command: readonly [string, ...string[]]; readonly graceMillis: number },
  hear: (message: SupervisorMessage) => void,
): SupervisedProgram {
  const leadsGroup = hasGroups && process.stdin.isTTY !== true;
  const [program, ...parameters] = withRegister(command);
  const link = `${process.pid}:${linkDescriptor}:${leadsGroup ? 'group' : 'none'}:${graceMillis}`;
  const child = spawn(program, parameters, {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...processEnvironment(), [supervisorVariable]: link },
    detached: leadsGroup,
  });
  listen(child, hear);
  const ended = new Promise<ProgramEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal === null ? { code: code ?? 0 } : { signal }));
  });
  const send = (pid: number, signal: NodeJS.Signals | 0) => {
    try {
      return process.kill(pid, signal);
    } catch {
      return false;
    }
  };
  const group = leadsGroup && child.pid !== undefined ? -child.pid : undefined;
  return {
    pid: child.pid,
    ended,
    signal: (signal) => void child.kill(signal),
    signalGroup: (signal) => void (group === undefined ? child.kill(signal) : send(group, signal)),
    hasLeftovers: () => group !== undefined && send(group, 0),
  };
}

/** A link that breaks tells nothing: the end of the program is told by the kernel. */
function listen(child: ChildProcess, hear: (message: SupervisorMessage) => void): void {
  const link = child.stdio[linkDescriptor] as Readable | null | undefined;
  if (link === null || link === undefined) return;
  link.on('error', () => undefined);
  createInterface({ input: link }).on('line', (line) => {
    const message = parse(line);
    if (message !== undefined) hear(message);
  });
}

function parse(line: string): SupervisorMessage | undefined {
  try {
    return JSON.parse(line) as SupervisorMessage;
  } catch {
    return undefined;
  }
}

const specifier = 'spanledger/register';

/** `node app.js` becomes `node --import spanledger/register app.js`; any other program has its own ways to load it. */
function withRegister(command: readonly [string, ...string[]]): readonly [string, ...string[]] {
  const [program, ...parameters] = command;
  const isNode = /^node(js)?(\.exe)?$/i.test(basename(program)) || program === process.execPath;
  const isThere = [...parameters, processEnvironment().NODE_OPTIONS ?? ''].some(
    (text) => text.includes(specifier) || text.includes('register/register.'),
  );
  return isNode && !isThere ? [program, '--import', registerUrl(), ...parameters] : command;
}

/** The package of the program, so that both speak of the same; else this one. */
function registerUrl(): string {
  try {
    createRequire(join(process.cwd(), 'program.js')).resolve(specifier);
    return specifier;
  } catch {
    return new URL('../../register/register.js', import.meta.url).href;
  }
}
