import { describe, expect, it } from 'vitest';
import { abortsWithSession, failsOnThrow, itemEntry, stepsOnReturn } from '../../src/domain/item-block.ts';
import { isFinishedItemState, itemNext, itemStateNames } from '../../src/domain/item-states.ts';
import { createItemStateMachine } from '../../src/domain/state-machine.ts';

describe('the entry of an item block', () => {
  it('S1.19 takes pending to analyzing, and failed to analyzing as a retry', () => {
    expect(itemEntry('pending')).toEqual({ status: 'begin', steps: ['analyzing'] });
    expect(itemEntry('failed')).toEqual({ status: 'retry', steps: ['analyzing'] });
  });

  it('3.3 does not run an item again that finished otherwise', () => {
    const finished = itemStateNames.filter((state) => itemEntry(state).status === 'finished');
    expect(finished).toEqual(['imported', 'skipped', 'missing', 'source_restored', 'path_updated', 'warning']);
  });

  it('ends an item that an earlier run left in work as failed before it takes it up again, one attempt further', () => {
    for (const state of ['analyzing', 'checking', 'moving', 'updating'] as const) {
      const entry = itemEntry(state);
      if (entry.status === 'finished') throw new Error(`${state} was not taken up`);
      const machine = createItemStateMachine('i', { state });
      for (const step of entry.steps) machine.transition(step, 'taken up again');
      expect([machine.state, machine.attempt]).toEqual(['analyzing', 2]);
    }
  });
});

describe('the normal end of an item block', () => {
  it('S1.19 ends in imported from every state of work and from warning, by legal steps', () => {
    for (const state of ['analyzing', 'checking', 'moving', 'updating', 'warning'] as const) {
      const machine = createItemStateMachine('i', { state });
      for (const step of stepsOnReturn(state)) machine.transition(step, 'normal end of block');
      expect(machine.state).toBe('imported');
    }
  });

  it('3.3 leaves a finished item as it is', () => {
    for (const state of itemStateNames.filter(isFinishedItemState)) {
      if (state !== 'warning') expect(stepsOnReturn(state)).toEqual([]);
    }
  });

  it('3.3 leaves an item in warning where its block says so', () => {
    expect(stepsOnReturn('warning', true)).toEqual([]);
    expect(stepsOnReturn('updating', true)).toEqual(['imported']);
  });

  it('S1.19 is never recorded as failed, from whatever state', () => {
    for (const state of itemStateNames) {
      for (const rest of [true, false]) expect(stepsOnReturn(state, rest)).not.toContain('failed');
    }
  });
});

describe('an exception in an item block', () => {
  it('S1.19 fails the item in every state but those it ended in', () => {
    const failing = itemStateNames.filter(failsOnThrow);
    expect(failing).toEqual(['pending', 'analyzing', 'checking', 'moving', 'updating', 'warning']);
  });
});

describe('the end of the session around an item', () => {
  it('3.3 aborts what is in work, by a move of the table, and leaves what has not begun', () => {
    expect(itemStateNames.filter(abortsWithSession)).toEqual(['analyzing', 'checking', 'moving', 'updating']);
    for (const state of itemStateNames.filter(abortsWithSession)) expect(itemNext(state)).toContain('failed');
  });
});
