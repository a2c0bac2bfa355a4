import { type FunctionRole, functionRoles } from '../instrument/function-rule.ts';
import { parseCondition } from '../instrument/result-condition.ts';
import { noPath, parseTemplate, parseValuePath, pathsOf } from '../instrument/value-path.ts';
import { parseDurationText } from './duration-text.ts';
import type { JsonSchema } from './setting-kinds.ts';

/** A value that a field takes, or why it does not. */
export type Read = { readonly value: unknown } | { readonly why: string };

/** How a field is written. */
interface FieldKind {
  /** What it takes, for the documentation. */
  readonly takes: string;
  readonly schema: JsonSchema;
  read(given: unknown): Read;
}

/** One field of an entry of `instrument`. */
export interface FunctionField {
  readonly kind: FieldKind;
  readonly brief: string;
  readonly isRequired?: true;
  /** Roles that it is for; all of them without. */
  readonly roles?: readonly FunctionRole[];
}

const textSchema = { type: 'string', pattern: String.raw`\S` } as const;

const isText = (given: unknown): given is string => typeof given === 'string' && given.trim() !== '';

/** Text, with values of the call in it. */
function template(when: 'call' | 'end'): FieldKind {
  return {
    takes:
      when === 'call'
        ? 'a path, or a text with paths in braces'
        : 'a path, also to the result, or a text with paths in braces',
    schema: { type: ['string', 'number'], pattern: textSchema.pattern },
    read(given) {
      if (typeof given === 'number') return readTemplate(String(given), when);
      return isText(given) ? readTemplate(given, when) : { why: 'it takes a text' };
    },
  };
}

function readTemplate(text: string, when: 'call' | 'end'): Read {
  const parsed = parseTemplate(text);
  if ('why' in parsed) return parsed;
  const early = when === 'call' && pathsOf(parsed).some(({ root }) => root === 'result');
  return early ? { why: 'it is needed when the function is called, and there is no result yet' } : { value: parsed };
}

const path: FieldKind = {
  takes: 'a path to a number, a list, a set or a map',
  schema: textSchema,
  read(given) {
    if (!isText(given)) return { why: 'it takes a path such as args[0].length' };
    const parsed = parseValuePath(given);
    if (parsed === undefined) return { why: noPath(given) };
    if (parsed.root === 'result')
      return { why: 'it is needed when the function is called, and there is no result yet' };
    return { value: parsed };
  },
};

const conditions: FieldKind = {
  takes:
    "a comparison such as `result.status == 'duplicate'`, `result.errors > 0`, `result` or `!result`, or a list of them",
  schema: { anyOf: [textSchema, { type: 'array', items: textSchema, minItems: 1 }] },
  read(given) {
    const texts: readonly unknown[] = Array.isArray(given) ? given : [given];
    const parsed = [];
    if (texts.length === 0) return { why: 'it takes at least one comparison' };
    for (const text of texts) {
      if (!isText(text))
        return {
          why: "it takes a comparison such as result.status == 'duplicate'; one that begins with ! stands in quotes",
        };
      const condition = parseCondition(text.trim());
      if ('why' in condition) return condition;
      parsed.push(condition);
    }
    return { value: parsed };
  },
};

const duration: FieldKind = {
  takes: 'a length of time such as 90s, 5m or 1h 30m',
  schema: { type: 'string', pattern: String.raw`^\s*(\d+(\.\d+)?\s*(d|h|min|ms|m|s)\s*)+$` },
  read(given) {
    const parsed = typeof given === 'string' ? parseDurationText(given) : undefined;
    return parsed === undefined ? { why: 'it takes a length of time such as 90s, 5m or 1h 30m' } : { value: parsed };
  },
};

const moduleText: FieldKind = {
  takes:
    'a path that begins with `./` or `../`, relative to the file, with `*` and `**`; or a package, with a path within it or without',
  schema: textSchema,
  read: (given) => (isText(given) ? { value: given.trim() } : { why: 'it takes a path or the name of a package' }),
};

const exportPath = /^(?:[A-Za-z_$][\w$]*\.)*(?:[A-Za-z_$][\w$]*|\*)$/;
const exportSchema = { type: 'string', pattern: exportPath.source } as const;

const exportTexts: FieldKind = {
  takes:
    'an export, a method or a member: `processOrder`, `OrderService.*`, `default`, `default.run`; or a list of them',
  schema: { anyOf: [exportSchema, { type: 'array', items: exportSchema, minItems: 1 }] },
  read(given) {
    const texts: readonly unknown[] = Array.isArray(given) ? given : [given];
    const wrong = texts.find((text) => typeof text !== 'string' || !exportPath.test(text));
    if (wrong === undefined && texts.length > 0) return { value: texts };
    return { why: 'it takes names such as processOrder, OrderService.* or default' };
  },
};

const role: FieldKind = {
  takes: functionRoles.join(', '),
  schema: { enum: functionRoles },
  read: (given) =>
    functionRoles.some((known) => known === given)
      ? { value: given }
      : { why: `it takes one of ${functionRoles.join(', ')}` },
};

const attributes: FieldKind = {
  takes: 'names with a path, also to the result, or a text each',
  schema: { type: 'object', additionalProperties: { type: ['string', 'number'], pattern: textSchema.pattern } },
  read(given) {
    if (typeof given !== 'object' || given === null || Array.isArray(given)) return { why: 'it takes names and paths' };
    const read: Record<string, unknown> = {};
    for (const [name, text] of Object.entries(given)) {
      const one = template('end').read(text);
      if ('why' in one) return { why: `${name}: ${one.why}` };
      read[name] = one.value;
    }
    return { value: read };
  },
};

const inTask: readonly FunctionRole[] = ['step', 'task', 'batch'];

/** The fields of an entry of `instrument` in the configuration file. */
export const functionFields = {
  module: { kind: moduleText, isRequired: true, brief: 'Which modules.' },
  export: { kind: exportTexts, isRequired: true, brief: 'Which functions of them.' },
  as: { kind: role, isRequired: true, brief: 'What a call is recorded as.' },
  name: { kind: template('call'), roles: inTask, brief: 'Name of the step. Default: the name of the function.' },
  id: {
    kind: template('call'),
    roles: ['session', 'item'],
    brief: 'Id of the session or item. Default: the name of the function with the time, or with a number.',
  },
  kind: {
    kind: template('call'),
    roles: ['session'],
    brief: 'What kind of job it is. Default: the name of the function.',
  },
  account: { kind: template('call'), roles: ['session'], brief: 'Account that the session works for.' },
  session: {
    kind: template('call'),
    roles: ['item'],
    brief: 'Id of the session, where the item is called outside of one.',
  },
  file_path: { kind: template('call'), roles: ['item'], brief: 'File that the item is.' },
  task: { kind: template('call'), roles: inTask, brief: 'Name of the task, outside of sessions and items.' },
  total: { kind: path, roles: ['session', 'batch'], brief: 'How many items there will be.' },
  index: { kind: path, roles: ['batch'], brief: 'Number of the batch, from 0. Default: counted.' },
  attributes: { kind: attributes, brief: 'Further attributes.' },
  skipped: { kind: conditions, roles: ['item'], brief: 'Results that mean that there was nothing to do.' },
  missing: { kind: conditions, roles: ['item'], brief: 'Results that mean that the source was not there.' },
  failed: { kind: conditions, brief: 'Results that mean that it failed, though nothing was thrown.' },
  reason: { kind: template('end'), brief: 'Why it was skipped, missing or failed. Default: the comparison that held.' },
  expected: { kind: duration, brief: 'How long it should take.' },
  limit: { kind: duration, brief: 'Longest time it may take; beyond it, it counts as stuck.' },
  stuck_after: { kind: duration, brief: 'Longest time without progress before it counts as stuck.' },
} as const satisfies Readonly<Record<string, FunctionField>>;
