import { type Attributes, diag } from '@opentelemetry/api';
import { type ExpectationOptions, expectationOf } from '../domain/expectation.ts';
import { attribute } from './conventions.ts';

/** Puts what options say of the duration of a unit on its span. */
export function tellExpectation(attributes: Attributes, options: ExpectationOptions): void {
  const { expected, limit, stuckAfter } = options;
  if (expected === undefined && limit === undefined && stuckAfter === undefined) return;
  const expectation = expectationOf(options);
  if (expectation !== undefined) attributes[attribute.expectation] = JSON.stringify(expectation);
  else diag.warn('spanledger: the duration expected of a unit cannot be used', { expected, limit, stuckAfter });
}
