import { type Attributes, type AttributeValue, type Context, diag, type Span } from '@opentelemetry/api';
import type { ExpectationOptions } from '../domain/expectation.ts';
import { beginBatch, beginItem, beginSession, beginStep, beginTask, sessionAround } from '../telemetry/called-unit.ts';
import type { FunctionRule } from './function-rule.ts';
import type { RecordedCall } from './recorded-call.ts';
import { type Condition, firstHolding } from './result-condition.ts';
import { type CallFacts, countOf, fill, readPath, type Template, textOf } from './value-path.ts';

/** Told of what could not be recorded as the rule has it: the field, and why. */
export type OnGap = (field: string, why: string) => void;

/** A unit that has begun, by what its role can come to. */
interface Begun {
  readonly context: Context;
  readonly span: Span;
  complete(result: unknown): void;
  fail(error: unknown): void;
  /** An item fails by its result, with this reason; without an error of its own. */
  refuse?(reason: string): void;
  /** Only items can. */
  rest?(state: 'skipped' | 'missing', reason: string): void;
}

/**
 * Begins what a rule says of a call, and ends it when the call has ended. Nothing of it ever throws: what goes wrong is told once.
 */
export class RecordedUnits {
  readonly #rule: FunctionRule;
  readonly #functionName: string;
  readonly #onGap: OnGap;
  #count = 0;
  #hasTold = false;

  constructor(rule: FunctionRule, functionName: string, onGap: OnGap) {
    this.#rule = rule;
    this.#functionName = functionName;
    this.#onGap = onGap;
  }

  begin(self: unknown, args: readonly unknown[]): RecordedCall | undefined {
    const facts: CallFacts = { args, this: self };
    const begun = this.#guarded(() => this.#begin(facts));
    if (begun === undefined) return undefined;
    let isOver = false;
    const once = (end: () => void) => {
      if (!isOver) this.#guarded(end);
      isOver = true;
    };
    return {
      context: begun.context,
      returned: (result) => once(() => this.#end(begun, { ...facts, result })),
      threw: (error) => once(() => begun.fail(error)),
    };
  }

  #begin(facts: CallFacts): Begun | undefined {
    this.#count += 1;
    switch (this.#rule.as) {
      case 'session':
        return this.#session(facts);
      case 'item':
        return this.#item(facts);
      case 'batch':
        return this.#batch(facts);
      default:
        return this.#step(facts);
    }
  }

  #session(facts: CallFacts): Begun {
    const { kind, account, total } = this.#rule;
    const accountId = this.#text('account', account, facts);
    const count = total === undefined ? undefined : countOf(this.#seen('total', total.text, readPath(total, facts)));
    const name = this.#functionName;
    const session = beginSession({
      id: this.#text('id', this.#rule.id, facts) ?? `${name}@${new Date().toISOString()}`,
      kind: this.#text('kind', kind, facts) ?? name,
      ...(accountId !== undefined && { accountId }),
      ...(count !== undefined && { total: count }),
      ...this.#common(facts),
    });
    return {
      context: session.context,
      span: session.span,
      complete: () => void session.complete(),
      fail: (error) => void session.end({ error }),
    };
  }

  /** Outside of a session, or in one that takes no items any more, a call is not recorded; nor is one within the item that it is. */
  #item(facts: CallFacts): Begun | undefined {
    const { id, session, filePath } = this.#rule;
    const path = this.#text('filePath', filePath, facts);
    const itemId = this.#text('id', id, facts) ?? `${this.#functionName} ${this.#count}`;
    const options = { id: itemId, ...(path !== undefined && { filePath: path }), ...this.#common(facts) };
    const item = beginItem(options, this.#text('session', session, facts));
    if (item === undefined) {
      if (sessionAround() === undefined)
        this.#onGap('as', 'it was called outside of a session: name that with session');
      return undefined;
    }
    return {
      context: item.context,
      span: item.span,
      complete: () => item.complete(),
      fail: (error) => item.end({ error }),
      refuse: (reason) => {
        if (item.ended) return;
        item.fail(reason);
        item.complete();
      },
      rest: (state, reason) => {
        if (item.ended) return;
        if (state === 'skipped') item.skip(reason);
        else item.missing(reason);
        item.complete();
      },
    };
  }

  #step(facts: CallFacts): Begun {
    const { as } = this.#rule;
    const task = this.#text('task', this.#rule.task, facts);
    const options = { ...this.#common(facts), ...(task !== undefined && { task }) };
    const step = as === 'task' ? beginTask(this.#name(facts), options) : beginStep(this.#name(facts), options);
    return { context: step.context, span: step.span, complete: () => step.end(), fail: (error) => step.fail(error) };
  }

  #batch(facts: CallFacts): Begun {
    const { index: at, total } = this.#rule;
    const index = at === undefined ? undefined : countOf(this.#seen('index', at.text, readPath(at, facts)));
    const size = total === undefined ? undefined : countOf(this.#seen('total', total.text, readPath(total, facts)));
    const task = this.#text('task', this.#rule.task, facts);
    const batch = beginBatch(this.#name(facts), {
      index: index ?? this.#count - 1,
      ...(size !== undefined && { size }),
      ...(task !== undefined && { task }),
      ...this.#common(facts),
    });
    const succeed = () => {
      batch.succeeded(size ?? 0);
      batch.end();
    };
    return { context: batch.context, span: batch.span, complete: succeed, fail: (error) => batch.fail(error) };
  }

  #end(begun: Begun, facts: CallFacts): void {
    const { skipped = [], missing = [], failed = [] } = this.#rule;
    begun.span.setAttributes(this.#attributes(facts, 'result'));
    const hasFailed = firstHolding(failed, facts);
    const isMissing = firstHolding(missing, facts);
    const isSkipped = firstHolding(skipped, facts);
    if (hasFailed !== undefined) this.#refuse(begun, this.#reason(hasFailed, facts));
    else if (isMissing !== undefined) begun.rest?.('missing', this.#reason(isMissing, facts));
    else if (isSkipped !== undefined) begun.rest?.('skipped', this.#reason(isSkipped, facts));
    else begun.complete(facts.result);
  }

  #refuse(begun: Begun, reason: string): void {
    if (begun.refuse === undefined) begun.fail(new Error(reason));
    else begun.refuse(reason);
  }

  #reason({ text }: Condition, facts: CallFacts): string {
    return this.#text('reason', this.#rule.reason, facts) ?? text;
  }

  #name(facts: CallFacts): string {
    return this.#text('name', this.#rule.name, facts) ?? this.#functionName;
  }

  #common(facts: CallFacts): ExpectationOptions & { attributes?: Attributes } {
    const { expected, limit, stuckAfter } = this.#rule;
    return {
      ...(expected !== undefined && { expected }),
      ...(limit !== undefined && { limit }),
      ...(stuckAfter !== undefined && { stuckAfter }),
      attributes: this.#attributes(facts, 'call'),
    };
  }

  #attributes(facts: CallFacts, when: 'call' | 'result'): Attributes {
    const attributes: Attributes = {};
    for (const [name, template] of Object.entries(this.#rule.attributes ?? {})) {
      if (needsResult(template) !== (when === 'result')) continue;
      const found = fill(template, facts);
      const value = attributeOf(when === 'call' ? this.#seen('attributes', template.text, found) : found);
      if (value !== undefined) attributes[name] = value;
    }
    return attributes;
  }

  #text(field: string, template: Template | undefined, facts: CallFacts): string | undefined {
    if (template === undefined) return undefined;
    return textOf(this.#seen(field, template.text, fill(template, facts)));
  }

  #seen(field: string, path: string, value: unknown): unknown {
    if (value === undefined) this.#onGap(field, `${path} gave nothing`);
    return value;
  }

  #guarded<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      const { file, line } = this.#rule.place;
      if (!this.#hasTold) diag.warn(`${file}:${line}: a call of ${this.#functionName} could not be recorded.`, error);
      this.#hasTold = true;
      return undefined;
    }
  }
}

function needsResult({ parts }: Template): boolean {
  return parts.some((part) => typeof part !== 'string' && part.root === 'result');
}

function attributeOf(value: unknown): AttributeValue | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value) && value.every((one): one is string => typeof one === 'string')) return value;
  return textOf(value);
}
