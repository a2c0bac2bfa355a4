import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RefusedTransition, TransitionEntry } from '../../src/domain/guarded-machine.ts';
import { IllegalTransitionError } from '../../src/domain/illegal-transition.ts';
import { type ItemState, itemNext, itemStateNames } from '../../src/domain/item-states.ts';
import { type SessionState, sessionNext, sessionStateNames } from '../../src/domain/session-states.ts';
import { createItemStateMachine, createSessionStateMachine } from '../../src/domain/state-machine.ts';

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

function ticking(): () => number {
  let micros = 1_700_000_000_000_000;
  return () => {
    micros += 1000;
    return micros;
  };
}

const anySessionState = fc.constantFrom<SessionState>(...sessionStateNames);
const anyItemState = fc.constantFrom<ItemState>(...itemStateNames);

describe('a session machine', () => {
  it('S1.4 begins in pending and goes where the table says', () => {
    const machine = createSessionStateMachine('s');
    expect(machine.state).toBe('pending');
    expect(machine.allowed).toEqual(['ready', 'canceled', 'expired', 'error']);
    expect(machine.canTransitionTo('ready')).toBe(true);
    expect(machine.canTransitionTo('imported')).toBe(false);
    machine.transition('ready', 'input is in hand');
    expect(machine.state).toBe('ready');
  });

  it('S1.4 refuses an illegal move with a typed error that names from, to and what is allowed', () => {
    const machine = createSessionStateMachine('local-7', { state: 'enqueued' });
    const error = thrownBy(() => machine.transition('imported', 'done'));
    expect(error).toBeInstanceOf(IllegalTransitionError);
    expect(error).toMatchObject({
      name: 'IllegalTransitionError',
      code: 'SPANLEDGER_ILLEGAL_TRANSITION',
      from: 'enqueued',
      to: 'imported',
      allowed: ['importing', 'canceled', 'error', 'failed'],
      message: 'session local-7 cannot move from enqueued to imported; allowed: importing, canceled, error, failed.',
    });
  });

  it('P6 leaves no trace of a refused move but the announcement of its refusal', () => {
    const refused: RefusedTransition<SessionState>[] = [];
    const made: TransitionEntry<SessionState>[] = [];
    const machine = createSessionStateMachine('s', {
      state: 'imported',
      actor: 'ann',
      now: () => 5,
      onRefused: (one) => refused.push(one),
      onTransition: (one) => made.push(one),
    });
    const error = thrownBy(() => machine.transition('processing', 'again'));
    expect([machine.state, machine.history, made]).toEqual(['imported', [], []]);
    expect(refused).toEqual([{ from: 'imported', to: 'processing', reason: 'again', at: 5, actor: 'ann', error }]);
  });

  it('P6 refuses a target that is no state at all', () => {
    const machine = createSessionStateMachine('s');
    for (const target of ['nowhere', 'toString', undefined, { toString: () => 'ready' }]) {
      expect(thrownBy(() => machine.transition(target as SessionState, 'try'))).toBeInstanceOf(IllegalTransitionError);
      expect(thrownBy(() => machine.forceTransition(target as SessionState, 'try'))).toBeInstanceOf(
        IllegalTransitionError,
      );
    }
    expect(machine.state).toBe('pending');
  });

  it('S1.5 keeps from, to, reason, time, actor and metadata of each move', () => {
    const machine = createSessionStateMachine('s', { now: () => 42, actor: 'worker-1' });
    machine.transition('ready', 'input is in hand', { files: 3 }, { actor: 'ann' });
    machine.transition('processing', 'go');
    expect(machine.history).toEqual([
      {
        from: 'pending',
        to: 'ready',
        reason: 'input is in hand',
        at: 42,
        actor: 'ann',
        auto: false,
        forced: false,
        metadata: { files: 3 },
      },
      { from: 'ready', to: 'processing', reason: 'go', at: 42, actor: 'worker-1', auto: false, forced: false },
    ]);
  });

  it('P6 refuses a move without a reason, forced or not', () => {
    const machine = createSessionStateMachine('s');
    for (const reason of ['', '  \n', undefined as unknown as string]) {
      const expected = { code: 'SPANLEDGER_REASON_REQUIRED' };
      expect(thrownBy(() => machine.transition('ready', reason))).toMatchObject(expected);
      expect(thrownBy(() => machine.forceTransition('imported', reason))).toMatchObject(expected);
    }
    expect(machine.state).toBe('pending');
  });

  it('S1.6 is forced to any state, and the move is recorded as forced', () => {
    fc.assert(
      fc.property(anySessionState, anySessionState, (from, to) => {
        const machine = createSessionStateMachine('s', { state: from });
        const entry = machine.forceTransition(to, 'the record was wrong');
        expect(machine.state).toBe(to);
        expect(entry).toMatchObject({ from, to, forced: true, reason: 'the record was wrong' });
      }),
    );
  });

  it('begins a new attempt when a retry leaves failed, and at no other move', () => {
    const machine = createSessionStateMachine('s', { state: 'importing', attempt: 2 });
    machine.transition('failed', 'nothing worked');
    expect(machine.attempt).toBe(2);
    machine.transition('processing', 'retry');
    expect(machine.attempt).toBe(3);
    machine.transition('importing', 'first item');
    expect(machine.attempt).toBe(3);
  });

  it('S1.11 advances along the legal path and records each step as automatic', () => {
    const machine = createSessionStateMachine('s', { now: ticking() });
    machine.advance('importing', 'items are in work');
    expect(machine.history.map(({ to, auto }) => [to, auto])).toEqual([
      ['ready', true],
      ['processing', true],
      ['importing', true],
    ]);
  });

  it('3.5 does not advance out of an end, nor where no path leads, and says so', () => {
    const refused: string[] = [];
    const machine = createSessionStateMachine('s', { state: 'failed', onRefused: ({ to }) => refused.push(to) });
    expect(thrownBy(() => machine.advance('processing', 'rule'))).toBeInstanceOf(IllegalTransitionError);
    expect(thrownBy(() => machine.advance('imported', 'rule'))).toBeInstanceOf(IllegalTransitionError);
    expect([machine.state, refused]).toEqual(['failed', ['processing', 'imported']]);
  });
});

describe('an item machine', () => {
  it('S1.2 walks the whole way of an import', () => {
    const machine = createItemStateMachine('i');
    for (const to of ['analyzing', 'checking', 'moving', 'updating', 'imported'] as const) machine.transition(to, to);
    expect(machine.state).toBe('imported');
    expect(machine.allowed).toEqual([]);
  });

  it('S1.6 cannot be forced', () => {
    expect('forceTransition' in createItemStateMachine('i')).toBe(false);
  });

  it('S1.19 fails from warning when its block throws, and not otherwise', () => {
    const machine = createItemStateMachine('i', { state: 'warning' });
    expect(thrownBy(() => machine.transition('failed', 'no'))).toBeInstanceOf(IllegalTransitionError);
    machine.failByThrow('disk full');
    expect(machine.state).toBe('failed');
  });

  it('S1.19 stays in a finished state when its block throws after the end', () => {
    for (const state of ['imported', 'skipped', 'missing', 'failed', 'path_updated', 'source_restored'] as const) {
      const machine = createItemStateMachine('i', { state });
      expect(thrownBy(() => machine.failByThrow('late'))).toBeInstanceOf(IllegalTransitionError);
      expect(machine.state).toBe(state);
    }
  });

  it('names nothing as allowed in the error after an end', () => {
    const machine = createItemStateMachine('i', { state: 'imported' });
    expect(thrownBy(() => machine.transition('failed', 'x'))).toMatchObject({
      message: 'item i cannot move from imported to failed; allowed: nothing.',
    });
  });
});

describe('any sequence of calls', () => {
  it('P6 makes only moves of the table, keeps an unbroken history, and announces exactly the moves it made', () => {
    fc.assert(
      fc.property(anySessionState, fc.array(anySessionState, { maxLength: 30 }), (state, targets) => {
        const announced: TransitionEntry<SessionState>[] = [];
        const machine = createSessionStateMachine('s', { state, onTransition: (entry) => announced.push(entry) });
        for (const target of targets) {
          const before = machine.state;
          const error = thrownBy(() => machine.transition(target, 'try'));
          expect(error === undefined).toBe(sessionNext(before).includes(target));
          expect(machine.state).toBe(error === undefined ? target : before);
        }
        expect(machine.history).toEqual(announced);
        expectUnbroken(machine.history, state, machine.state);
        for (const { from, to } of machine.history) expect(sessionNext(from)).toContain(to);
      }),
    );
  });

  it('P6 holds for items with steps, paths and throws mixed', () => {
    const call = fc.record({ how: fc.constantFrom('transition', 'advance', 'failByThrow' as const), to: anyItemState });
    fc.assert(
      fc.property(anyItemState, fc.array(call, { maxLength: 30 }), (state, calls) => {
        const machine = createItemStateMachine('i', { state, now: ticking() });
        for (const { how, to } of calls) {
          thrownBy(() => (how === 'failByThrow' ? machine.failByThrow('threw') : machine[how](to, 'try')));
        }
        expectUnbroken(machine.history, state, machine.state);
        for (const { from, to } of machine.history) {
          expect([...itemNext(from), ...(from === 'warning' ? ['failed'] : [])]).toContain(to);
        }
      }),
    );
  });
});

function expectUnbroken<S extends string>(history: readonly TransitionEntry<S>[], first: S, last: S): void {
  let state = first;
  for (const { from, to } of history) {
    expect(from).toBe(state);
    state = to;
  }
  expect(state).toBe(last);
}
