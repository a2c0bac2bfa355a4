import type { Duration } from '../domain/expectation.ts';
import type { ModulePattern } from './module-pattern.ts';
import type { Condition } from './result-condition.ts';
import type { Template, ValuePath } from './value-path.ts';

/** What a call of a function can be recorded as. */
export const functionRoles = ['session', 'item', 'step', 'task', 'batch'] as const;
export type FunctionRole = (typeof functionRoles)[number];

/** Where something of a rule stands in the configuration file. */
export interface RulePlace {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** What the configuration file says of some functions: which they are, and what their calls are recorded as. */
export interface FunctionRule {
  readonly place: RulePlace;
  readonly module: ModulePattern;
  /** Exports, methods and members by path: `processOrder`, `OrderService.*`, `default`. */
  readonly exports: readonly string[];
  readonly as: FunctionRole;
  readonly name?: Template;
  readonly id?: Template;
  readonly kind?: Template;
  readonly account?: Template;
  /** The session that an item belongs to where it is called outside of one. */
  readonly session?: Template;
  readonly filePath?: Template;
  /** The task that a step or batch belongs to where it is called outside of sessions and items. */
  readonly task?: Template;
  readonly total?: ValuePath;
  readonly index?: ValuePath;
  readonly attributes?: Readonly<Record<string, Template>>;
  readonly skipped?: readonly Condition[];
  readonly failed?: readonly Condition[];
  readonly missing?: readonly Condition[];
  readonly reason?: Template;
  readonly expected?: Duration;
  readonly limit?: Duration;
  readonly stuckAfter?: Duration;
  /** Line of each field. */
  readonly lines: Readonly<Record<string, number>>;
}
