import { SpanledgerError } from '../domain/errors.ts';

/**
 * Checks what is given as the work itself, before anything of it is recorded: programs without types forget it, or swap it with the options.
 *
 * @throws SpanledgerError `SPANLEDGER_ARGUMENT_INVALID`
 */
export function assertFunction(call: string, what: string, given: unknown): void {
  const fault = functionFault(call, what, given);
  if (fault !== undefined) throw fault;
}

/** The same as a value. */
export function functionFault(call: string, what: string, given: unknown): SpanledgerError | undefined {
  return typeof given === 'function' ? undefined : invalidArgument(call, `a function as ${what}`, given);
}

/**
 * Checks what is to be walked.
 *
 * @throws SpanledgerError `SPANLEDGER_ARGUMENT_INVALID`
 */
export function assertIterable(call: string, given: unknown): void {
  const values: object = Object(given ?? {});
  const isIterable = Symbol.iterator in values || Symbol.asyncIterator in values;
  if (!isIterable) throw invalidArgument(call, 'something to iterate over as its first argument', given);
}

/**
 * Checks that options were given.
 *
 * @throws SpanledgerError `SPANLEDGER_ARGUMENT_INVALID`
 */
export function assertOptions(call: string, given: unknown): void {
  if (typeof given !== 'object' || given === null) throw invalidArgument(call, 'an object of options', given);
}

function invalidArgument(call: string, expected: string, given: unknown): SpanledgerError {
  const told = given === null ? 'null' : typeof given === 'object' ? 'an object' : wordOf(typeof given);
  return new SpanledgerError('ARGUMENT_INVALID', { details: { call, expected, given: told } });
}

function wordOf(type: string): string {
  return type === 'undefined' ? 'nothing' : `a ${type}`;
}
