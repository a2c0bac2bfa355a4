import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConsistencyReport, validateConsistency } from '../../src/domain/consistency.ts';
import { abortsWithSession, failsOnThrow, itemEntry, stepsOnReturn } from '../../src/domain/item-block.ts';
import { type ItemState, itemStateNames } from '../../src/domain/item-states.ts';
import { sessionEndOnCancel, sessionEndOnThrow, sessionEntry } from '../../src/domain/outcome.ts';
import { isTerminalSessionState } from '../../src/domain/session-states.ts';
import {
  createItemStateMachine,
  createSessionStateMachine,
  type ItemStateMachine,
  type SessionStateMachine,
} from '../../src/domain/state-machine.ts';
import { countItems, createItemCounter } from '../../src/domain/statistics.ts';
import { synchronise } from '../../src/domain/synchronisation.ts';

/** What one item block does: moves it tries, legal or not, and how it ends. */
interface ItemScript {
  readonly moves: readonly ItemState[];
  readonly end: 'return' | 'rest' | 'throw' | 'left open' | 'not started';
}

/** What one run of a session does. */
interface RunScript {
  readonly before: readonly ('ready' | 'expanding' | 'processing' | 'enqueued')[];
  readonly items: readonly ItemScript[];
  readonly end: 'return' | 'throw of an item' | 'retryable throw' | 'fatal throw' | 'cancel';
}

const anyItem: fc.Arbitrary<ItemScript> = fc.record({
  moves: fc.array(fc.constantFrom<ItemState>(...itemStateNames), { maxLength: 12 }),
  end: fc.constantFrom('return', 'rest', 'throw', 'left open', 'not started'),
});

const anyRun: fc.Arbitrary<RunScript> = fc.record({
  before: fc.subarray(['ready', 'expanding', 'processing', 'enqueued'] as const),
  items: fc.array(anyItem, { maxLength: 6 }),
  end: fc.constantFrom('return', 'throw of an item', 'retryable throw', 'fatal throw', 'cancel'),
});

/** A session and its items as the domain's own rules drive them. */
class Run {
  readonly session: SessionStateMachine = createSessionStateMachine('s');
  readonly items = new Map<number, ItemStateMachine>();
  readonly counter = createItemCounter();
  readonly normalEnds: ItemState[] = [];
  #sessionError = false;

  play(script: RunScript): void {
    const entry = sessionEntry(this.session.state);
    if (entry === 'skip' || entry === 'refuse') return;
    this.#sessionError = false;
    if (entry === 'retry') this.session.transition('processing', 'retry');
    for (const to of script.before) if (this.session.canTransitionTo(to)) this.session.transition(to, 'set-up');
    for (const [id, item] of script.items.entries()) this.#playItem(id, item);
    this.#end(script.end);
  }

  check(): ConsistencyReport {
    const last = this.session.history.at(-1);
    const ended = isTerminalSessionState(this.session.state);
    return validateConsistency(
      this.session.state,
      [...this.items.values()].map((item) => item.state),
      {
        closed: true,
        sessionErrorRecorded: this.#sessionError,
        storedCounts: this.counter.counts(),
        ...(last !== undefined && { lastRecordedState: last.to }),
        ...(ended && last !== undefined && { endReason: last.reason }),
      },
    );
  }

  #playItem(id: number, { moves, end }: ItemScript): void {
    const item = this.#item(id);
    const entry = itemEntry(item.state);
    if (end === 'not started' || entry.status === 'finished') return;
    for (const step of entry.steps) item.transition(step, 'entry');
    this.#synchronise(false);
    for (const to of moves) if (item.canTransitionTo(to) && item.state !== 'failed') item.transition(to, 'work');
    if (end === 'throw' && failsOnThrow(item.state)) item.failByThrow('threw');
    if (end === 'return' || end === 'rest') {
      const before = item.state;
      for (const step of stepsOnReturn(before, end === 'rest')) item.transition(step, 'normal end of block');
      if (before !== 'failed') this.normalEnds.push(item.state);
    }
    this.#synchronise(false);
  }

  #item(id: number): ItemStateMachine {
    const known = this.items.get(id);
    if (known !== undefined) return known;
    const made = createItemStateMachine(String(id), { onTransition: ({ from, to }) => this.counter.move(from, to) });
    this.counter.add(made.state);
    this.items.set(id, made);
    return made;
  }

  #end(how: RunScript['end']): void {
    for (const item of this.items.values()) {
      if (abortsWithSession(item.state)) item.transition('failed', 'aborted');
    }
    if (how === 'return') {
      this.#synchronise(true);
      return;
    }
    const end =
      how === 'cancel'
        ? sessionEndOnCancel(this.session.state)
        : sessionEndOnThrow(this.session.state, {
            origin: how === 'throw of an item' ? 'item' : 'session',
            isRetryable: how === 'retryable throw',
          });
    this.#sessionError = how !== 'cancel';
    if (end !== undefined) this.session.transition(end, how);
  }

  #synchronise(closed: boolean): void {
    const { state } = this.session;
    const { steps } = synchronise({ id: 's', state, counts: this.counter.counts(), closed });
    for (const { to, reason } of steps) this.session.transition(to, reason);
  }
}

const anyRuns = fc.array(anyRun, { minLength: 1, maxLength: 3 });

describe('any run of a session, retries included', () => {
  it('S1.3 never ends in a state that violates the consistency rules', () => {
    fc.assert(
      fc.property(anyRuns, (scripts) => {
        const run = new Run();
        for (const script of scripts) {
          run.play(script);
          expect(run.check().issues).toEqual([]);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('S1.19 never records the normal end of an item as failed', () => {
    fc.assert(
      fc.property(anyRuns, (scripts) => {
        const run = new Run();
        for (const script of scripts) run.play(script);
        expect(run.normalEnds).not.toContain('failed');
        expect(run.normalEnds.filter((state) => abortsWithSession(state) || state === 'pending')).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('S1.10 keeps counts that equal those of its items', () => {
    fc.assert(
      fc.property(anyRuns, (scripts) => {
        const run = new Run();
        for (const script of scripts) run.play(script);
        expect(run.counter.counts()).toEqual(countItems([...run.items.values()].map((item) => item.state)));
      }),
      { numRuns: 500 },
    );
  });

  it('S1.9 ends every session whose block returned and whose items were all begun', () => {
    fc.assert(
      fc.property(anyRun, (script) => {
        const run = new Run();
        const items = script.items.map(
          (item) => ({ ...item, end: item.end === 'not started' ? 'return' : item.end }) as const,
        );
        run.play({ ...script, items, end: 'return' });
        expect(['imported', 'failed']).toContain(run.session.state);
      }),
      { numRuns: 500 },
    );
  });
});
