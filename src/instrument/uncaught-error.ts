/**
 * Tells the listener of the error that is on its way up, where nobody catches it. Call it in `finally`: whoever catches an error and throws it
 * again moves the place that Node.js prints above the stack, from the line of the program to one of ours.
 */
export function ifUncaught(listener: (error: unknown) => void): void {
  process.prependOnceListener('uncaughtExceptionMonitor', listener);
  process.nextTick(() => process.removeListener('uncaughtExceptionMonitor', listener));
}
