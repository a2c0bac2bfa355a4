import { setFlagsFromString } from 'node:v8';

/**
 * An argument of Node for processes that open an embedded store with what was built. The store runs for moments in tests, and
 * compiling its WebAssembly a second time, for speed, takes more processor time than all that it does.
 */
export const baselineWasm = '--liftoff-only';

// For this process and its threads; Node refuses the argument among those of a thread, which sources hand on to theirs.
setFlagsFromString(baselineWasm);
