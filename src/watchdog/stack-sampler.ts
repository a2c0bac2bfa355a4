import type { Debugger } from 'node:inspector';
import { diag } from '@opentelemetry/api';
import { type DebuggedThread, mainThread, workerThread } from './debugged-thread.ts';

/** A frame as V8 tells it: of the code that runs, line and column from 0. */
export interface RawFrame {
  readonly function: string;
  readonly url: string;
  readonly line: number;
  readonly column: number;
  /** Where its source map is: relative to the url, or a data URL. */
  readonly sourceMapUrl: string;
}

/** Where the thread was. */
export interface Sample {
  /** Innermost first. */
  readonly frames: readonly RawFrame[];
  /** Modules are being loaded: somewhere below is the loader of Node.js. */
  readonly isLoading: boolean;
  /** What the expression that was asked for is there: a string, or nothing. */
  readonly answer: string | undefined;
}

export interface SamplerOptions {
  /** The worker thread; otherwise the main thread. */
  readonly threadId?: number;
  /** Evaluated in the global scope while the thread stands still; what was queued meanwhile does not run. */
  readonly expression: string;
  /** Whether the thread is still where it was when the sample was asked for; what else it does is nobody's business. */
  readonly isBlocked: () => boolean;
  /** Somebody else's debugger has the thread stopped. */
  readonly onDebugger: () => void;
}

/** Takes the stack of a thread, one at a time. */
export interface StackSampler {
  /** Resolves once the thread could be asked: in native code that is when it returns. Never rejects. */
  take(options: SamplerOptions): Promise<Sample | undefined>;
  /** Gives up what is under way and lets the thread go. */
  release(): void;
  readonly isBusy: boolean;
}

/**
 * Through the inspector, without a port. It is connected only while a sample is taken: with the debugger enabled, asynchronous code is
 * several times slower, and a session that is still connected at the end of the process would hold it.
 */
export function createStackSampler(): StackSampler {
  let current: Capture | undefined;
  let isBusy = false;
  let parted = Promise.resolve();
  return {
    async take(options) {
      if (isBusy) return undefined;
      isBusy = true;
      // Two sessions at once would take each other for a debugger of somebody else.
      await parted;
      current = new Capture(options);
      parted = current.parted;
      const sample = await current.outcome;
      current = undefined;
      isBusy = false;
      return sample;
    },
    release: () => current?.release(),
    get isBusy() {
      return isBusy;
    },
  };
}

const maxFrames = 64;
const maxTries = 20;
/** The thread answers in microseconds; a getter of the program might not. */
const answerMillis = 200;
const partingMillis = 500;
const againMillis = 100;

class Capture {
  readonly outcome: Promise<Sample | undefined>;
  /** Resolves when the session is closed. */
  readonly parted: Promise<void>;
  readonly #options: SamplerOptions;
  readonly #thread: DebuggedThread;
  readonly #scripts = new Map<string, Pick<Debugger.ScriptParsedEventDataType, 'url' | 'sourceMapURL'>>();
  #settle: (sample: Sample | undefined) => void = () => {};
  #close: () => void = () => {};
  #enabled = false;
  #tries = 1;
  #repeat: NodeJS.Timeout | undefined;
  #released = false;
  #frames: readonly RawFrame[] | undefined;
  #isLoading = false;
  #answer: string | undefined;

  constructor(options: SamplerOptions) {
    this.#options = options;
    this.#thread = options.threadId === undefined ? mainThread() : workerThread(options.threadId);
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.parted = new Promise((resolve) => {
      this.#close = resolve;
    });
    try {
      this.#begin();
    } catch (error) {
      diag.debug('The stack of a thread cannot be taken.', error);
      this.release();
    }
  }

  #begin(): void {
    this.#thread.connect({
      scriptParsed: (script) => this.#scripts.set(script.scriptId, script),
      paused: (event) => this.#paused(event),
    });
    this.#thread.post('Debugger.enable', () => {
      this.#enabled = true;
    });
    // Behind it at once, not when it is answered: what returns from native code meets both before it goes on.
    this.#pause();
  }

  /** Asked again until it stands still: what is asked of a thread that is just about to go on is lost. */
  #pause(again = againMillis): void {
    this.#thread.post('Debugger.pause');
    this.#repeat = setTimeout(() => this.#pause(2 * again), again);
  }

  /** The thread stands still until it is released: nothing here may throw past that. */
  #paused({ callFrames }: Debugger.PausedEventDataType): void {
    clearTimeout(this.#repeat);
    if (!this.#enabled) {
      // It stood still before it was asked to: at a breakpoint, which is not ours to leave.
      this.#options.onDebugger();
      this.#part();
      return;
    }
    try {
      if (callFrames.length === 0 || !this.#options.isBlocked()) {
        this.release();
        return;
      }
      this.#frames = callFrames.slice(0, maxFrames).map((frame) => this.#toFrame(frame));
      this.#isLoading = callFrames.some(({ location }) => isOfLoader(this.#scripts.get(location.scriptId)?.url));
      if (this.#tries < maxTries && this.#frames.every(({ url }) => isOfNode(url))) this.#tryAgain();
      else this.#ask();
    } catch (error) {
      diag.debug('The stack of a thread could not be read.', error);
      this.release();
    }
  }

  /** Between two microtasks there is nothing of the program on the stack: a moment later there is. */
  #tryAgain(): void {
    this.#tries += 1;
    this.#thread.post('Debugger.resume', () => {
      if (!this.#released) this.#pause();
    });
  }

  #toFrame({ functionName, location }: Debugger.CallFrame): RawFrame {
    const script = this.#scripts.get(location.scriptId);
    return {
      function: functionName,
      url: script?.url ?? '',
      line: location.lineNumber,
      column: location.columnNumber ?? 0,
      sourceMapUrl: script?.sourceMapURL ?? '',
    };
  }

  /**
   * In the global scope, not in a frame: V8 writes the variables of a frame back behind an evaluation, `this` of a constructor before
   * `super()` as undefined, and hides in frames of Node.js what their module has taken out of reach, such as `Symbol`.
   */
  #ask(): void {
    setTimeout(() => this.release(), answerMillis);
    const { expression } = this.#options;
    this.#thread.evaluate(expression, (value) => {
      if (typeof value === 'string') this.#answer = value;
      this.release();
    });
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    clearTimeout(this.#repeat);
    // What is known is known before the thread goes on: its stall may be over in a moment.
    this.#settle(this.#sample());
    try {
      this.#thread.post('Debugger.resume');
      this.#thread.post('Debugger.disable', () => this.#part());
      setTimeout(() => this.#part(), partingMillis);
    } catch {
      this.#part();
    }
  }

  /** Whatever was left undone, a thread without a session runs on. */
  #part(): void {
    this.#released = true;
    clearTimeout(this.#repeat);
    try {
      this.#thread.disconnect();
    } catch {
      // It was not connected any more.
    }
    this.#settle(this.#sample());
    this.#close();
  }

  #sample(): Sample | undefined {
    return this.#frames && { frames: this.#frames, isLoading: this.#isLoading, answer: this.#answer };
  }
}

function isOfLoader(url: string | undefined): boolean {
  return url?.startsWith('node:internal/modules/') ?? false;
}

function isOfNode(url: string): boolean {
  return url === '' || url.startsWith('node:');
}
