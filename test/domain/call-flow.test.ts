import { describe, expect, it } from 'vitest';
import { callFlow, type FlowStep, flowWindow } from '../../src/domain/call-flow.ts';

let clock = 0;
const step = (name: string, more: Partial<FlowStep> = {}): FlowStep => {
  clock += 1_000;
  const base = { unit: 'step', name, inItem: false, count: 1, open: 0, failed: 0, firstAt: clock, medianMillis: 10 };
  return { ...base, ...more };
};
const open = { open: 1 };
const run = (...names: string[]) => names.map((name) => step(name));
const marks = (own: readonly FlowStep[], earlier: readonly (readonly FlowStep[])[]) =>
  callFlow(own, earlier).map(({ name, mark }) => `${name} ${mark}`);

describe('callFlow', () => {
  it('S2.9 marks what was seen and what earlier runs had as well, in the order of execution', () => {
    const earlier = [run('token', 'fetch', 'save', 'report'), run('token', 'fetch', 'save', 'report')];
    const own = [step('token'), step('fetch', { open: 1 })];
    expect(marks(own, earlier)).toEqual(['token seen', 'fetch open', 'save not seen', 'report not seen']);
  });

  it('puts a step that was left out behind the one that it follows in earlier runs', () => {
    const earlier = [run('token', 'check', 'fetch', 'save')];
    expect(marks([step('token'), step('fetch')], earlier)).toEqual([
      'token seen',
      'check not seen',
      'fetch seen',
      'save not seen',
    ]);
    expect(marks([step('fetch')], earlier)[0]).toBe('token not seen');
  });

  it('does not expect what fewer than half of the earlier runs had', () => {
    const earlier = [run('fetch', 'repair'), run('fetch'), run('fetch')];
    expect(marks([step('fetch')], earlier)).toEqual(['fetch seen']);
    expect(marks([step('repair')], earlier)).toEqual(['fetch not seen', 'repair seen']);
  });

  it('expects nothing without earlier runs', () => {
    expect(marks([step('fetch')], [])).toEqual(['fetch seen']);
    expect(marks([], [])).toEqual([]);
  });

  it('tells apart steps of items, of other steps and of the run', () => {
    const earlier = [[step('save', { inItem: true }), step('save', { inside: 'load' }), step('save')]];
    expect(callFlow([step('save')], earlier).map(({ mark, inItem, inside }) => [mark, inItem, inside])).toEqual([
      ['not seen', true, undefined],
      ['not seen', false, 'load'],
      ['seen', false, undefined],
    ]);
  });

  it('tells the usual duration beside its own, and that all of a step failed', () => {
    const earlier = [10, 30, 20].map((medianMillis) => [step('fetch', { medianMillis })]);
    const [line] = callFlow([step('fetch', { medianMillis: 90, count: 2, failed: 2 })], earlier);
    expect(line).toMatchObject({ mark: 'failed', medianMillis: 90, usualMillis: 20, usualRuns: 3, count: 2 });
  });
});

describe('flowWindow', () => {
  it('S2.8 stands between the end of the last step and the begin of the next one', () => {
    const lines = callFlow([step('token')], [run('token', 'fetch')]);
    expect(flowWindow(lines)).toEqual({
      after: 'the end of step token',
      before: 'the begin of step fetch',
      unseenInside: [],
    });
  });

  it('S2.1 stands before the first step where the begin of a cycle is the last record', () => {
    expect(flowWindow(callFlow([], [run('token', 'fetch')]))).toEqual({
      before: 'the begin of step token',
      unseenInside: [],
    });
  });

  it('S2.2 tells that a step was entered and none of its inner steps was recorded', () => {
    const earlier = [[step('load'), step('open', { inside: 'load' }), step('read', { inside: 'load' }), step('save')]];
    expect(flowWindow(callFlow([step('load', open)], earlier))).toEqual({
      after: 'the begin of step load',
      before: 'the begin of step open',
      unseenInside: ['step open', 'step read'],
    });
  });

  it('stands inside the open step, behind its last inner one', () => {
    const earlier = [[step('load'), step('open', { inside: 'load' }), step('read', { inside: 'load' })]];
    const own = [step('load', open), step('open', { inside: 'load' })];
    expect(flowWindow(callFlow(own, earlier))).toMatchObject({
      after: 'the end of step open',
      before: 'the begin of step read',
      unseenInside: [],
    });
    expect(flowWindow(callFlow([step('load', open), step('open', { inside: 'load' })], []))).toMatchObject({
      after: 'the end of step open',
      before: 'the end of step load',
    });
  });

  it('follows items into their steps', () => {
    const items = { unit: 'item', name: '', count: 3, open: 1 };
    const own = [step('', items), step('hash', { inItem: true, count: 3, open: 1 })];
    expect(flowWindow(callFlow(own, []))).toMatchObject({
      after: 'the begin of step hash',
      before: 'the end of step hash',
    });
  });

  it('knows neither end of the window where nothing is recorded', () => {
    expect(flowWindow([])).toEqual({ unseenInside: [] });
  });
});
