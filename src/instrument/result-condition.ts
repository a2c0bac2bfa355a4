import { type CallFacts, noPath, parseValuePath, readPath, type ValuePath } from './value-path.ts';

type Literal = string | number | boolean | null | undefined;

const operators = {
  '==': (value: unknown, literal: Literal) => (literal === null ? (value ?? null) === null : value === literal),
  '!=': (value: unknown, literal: Literal) => (literal === null ? (value ?? null) !== null : value !== literal),
  '<=': (value: unknown, literal: Literal) => order(value, literal, (sign) => sign <= 0),
  '>=': (value: unknown, literal: Literal) => order(value, literal, (sign) => sign >= 0),
  '<': (value: unknown, literal: Literal) => order(value, literal, (sign) => sign < 0),
  '>': (value: unknown, literal: Literal) => order(value, literal, (sign) => sign > 0),
} as const;

type Operator = keyof typeof operators;

/** One comparison of a value of a call, as data: `result.status == 'duplicate'`, `result.errors > 0`, `!result`. Nothing is evaluated as code. */
export interface Condition {
  readonly text: string;
  readonly path: ValuePath;
  readonly operator: Operator | 'is' | 'is not';
  readonly literal: Literal;
}

/** The condition that a text is, or why it is none. */
export function parseCondition(text: string): Condition | { readonly why: string } {
  const [, left = '', operator, right = ''] = /^(.*?)\s*(==|!=|<=|>=|<|>)\s*(.*)$/s.exec(text) ?? [];
  if (operator === undefined) return parseTruth(text);
  const path = parseValuePath(left.trim());
  if (path === undefined) return { why: noPath(left.trim()) };
  const literal = parseLiteral(right.trim());
  if (literal === undefined) return { why: `${right || 'nothing'} is no value to compare with; ${values}` };
  return { text, path, operator: operator as Operator, literal: literal.value };
}

const values =
  "write a text in quotes such as 'duplicate', a number, true, false, null or undefined, and a list for several conditions";

function parseTruth(text: string): Condition | { readonly why: string } {
  const isNegated = text.startsWith('!');
  const inner = (isNegated ? text.slice(1) : text).trim();
  const path = parseValuePath(inner);
  if (path === undefined) return { why: noPath(inner) };
  return { text, path, operator: isNegated ? 'is not' : 'is', literal: undefined };
}

const words = new Map<string, Literal>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['undefined', undefined],
]);

function parseLiteral(text: string): { readonly value: Literal } | undefined {
  if (words.has(text)) return { value: words.get(text) };
  const quoted = /^'([^']*)'$|^"([^"]*)"$/.exec(text);
  if (quoted !== null) return { value: quoted[1] ?? quoted[2] ?? '' };
  return /^-?\d+(\.\d+)?$/.test(text) ? { value: Number(text) } : undefined;
}

/** The first of these conditions that holds. */
export function firstHolding(conditions: readonly Condition[], facts: CallFacts): Condition | undefined {
  return conditions.find(({ path, operator, literal }) => {
    const value = readPath(path, facts);
    if (operator === 'is') return Boolean(value);
    return operator === 'is not' ? !value : operators[operator](value, literal);
  });
}

/** Numbers and texts have an order, each among themselves. */
function order(value: unknown, literal: Literal, test: (sign: number) => boolean): boolean {
  if (typeof value === 'number' && typeof literal === 'number') return test(value - literal);
  if (typeof value !== 'string' || typeof literal !== 'string') return false;
  return test(value < literal ? -1 : Number(value > literal));
}
