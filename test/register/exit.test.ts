import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type EndingProcess, eachInTurn, onEnding, type SignalWatch } from '../../src/register/exit.ts';

class Host extends EventEmitter implements EndingProcess {
  readonly pid = 4711;
  readonly raised: (NodeJS.Signals | number | string)[] = [];
  kill(pid: number, signal: NodeJS.Signals | number = 'SIGTERM'): true {
    this.raised.push(pid === this.pid ? signal : `${signal} to ${pid}`);
    return true;
  }
}

let host: Host;
let finished = 0;
let timeForFinish = 0;
let flushes = 0;
let release: () => void = () => undefined;
let ears: SignalWatch;

beforeEach(() => {
  vi.useFakeTimers();
  host = new Host();
  finished = 0;
  flushes = 0;
  listenTo(host);
});
afterEach(() => vi.useRealTimers());

function listenTo(one: Host): void {
  ears = onEnding(
    {
      timeoutMillis: 1000,
      flush: () => {
        flushes += 1;
        return new Promise<void>((resolve) => {
          release = resolve;
        });
      },
      finish: (timeoutMillis) => {
        finished += 1;
        timeForFinish = timeoutMillis;
      },
    },
    one,
  );
}

describe('a program that ends by itself', () => {
  it('is held open until the flush is over, and no longer', async () => {
    host.emit('beforeExit');
    expect(vi.getTimerCount()).toBe(1);
    release();
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is not held open beyond the time limit', async () => {
    host.emit('beforeExit');
    await vi.advanceTimersByTimeAsync(1000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('flushes once, however often the loop runs dry', () => {
    host.emit('beforeExit');
    host.emit('beforeExit');
    expect(flushes).toBe(1);
  });

  it('finishes at exit', () => {
    host.emit('exit');
    expect(finished).toBe(1);
    expect(timeForFinish).toBe(1000);
  });

  it('has for its exit what the flush left over', async () => {
    host.emit('beforeExit');
    await vi.advanceTimersByTimeAsync(300);
    release();
    host.emit('exit');
    expect(timeForFinish).toBe(700);
  });

  it('has the whole time again where it went on for a while', async () => {
    host.emit('beforeExit');
    await vi.advanceTimersByTimeAsync(5000);
    host.emit('exit');
    expect(timeForFinish).toBe(1000);
  });
});

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  it('flushes, finishes and is raised again where nobody else listens', async () => {
    host.emit(signal);
    expect(host.raised).toEqual([]);
    release();
    await vi.advanceTimersByTimeAsync(0);
    expect(finished).toBe(1);
    expect(host.raised).toEqual([signal]);
    expect(host.listenerCount(signal)).toBe(0);
  });

  it('is raised again when the flush takes too long', async () => {
    host.emit(signal);
    await vi.advanceTimersByTimeAsync(999);
    expect(host.raised).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(host.raised).toEqual([signal]);
  });

  it('does not wait when it comes a second time', () => {
    host.emit(signal);
    host.emit(signal);
    expect(host.raised).toEqual([signal]);
    expect(finished).toBe(0);
  });

  it('only flushes where the host listens as well', async () => {
    host.on(signal, () => undefined);
    host.emit(signal);
    host.emit(signal);
    release();
    await vi.advanceTimersByTimeAsync(2000);
    expect(flushes).toBe(1);
    expect(finished).toBe(0);
    expect(host.raised).toEqual([]);
  });

  it('finds the listeners of the host alone when they are called, who may count them', () => {
    let count = 0;
    host.on(signal, () => {
      count = host.listenerCount(signal);
    });
    host.emit(signal);
    expect(count).toBe(1);
  });

  it('finishes where the host has handled it and raises it again', () => {
    host.once(signal, () => host.kill(host.pid, signal));
    host.emit(signal);
    expect(finished).toBe(1);
    expect(host.raised).toEqual([signal]);
  });

  it('does not finish where the host raises it and still listens, or signals another process', () => {
    host.on(signal, () => undefined);
    host.emit(signal);
    host.kill(host.pid, signal);
    host.removeAllListeners(signal);
    host.kill(12, signal);
    host.kill(host.pid, 0);
    expect(finished).toBe(0);
    expect(host.raised).toEqual([signal, `${signal} to 12`, 0]);
  });
});

describe('a program that listens for a signal once', () => {
  afterEach(async () => {
    host.emit('SIGTERM');
    release();
    await vi.advanceTimersByTimeAsync(2000);
    expect(flushes).toBe(1);
    expect(host.raised).toEqual([]);
  });

  it('ends by itself where it began to listen while we stood back', async () => {
    ears.standBack();
    host.once('SIGTERM', () => undefined);
    await vi.runAllTimersAsync();
  });

  it('ends by itself where it listened before us', () => {
    host = new Host();
    host.once('SIGTERM', () => undefined);
    listenTo(host);
  });
});

describe('a program whose event loop does not turn', () => {
  it('is left to the signal itself until the loop turns again', async () => {
    ears.standBack();
    ears.standBack();
    expect(host.listenerCount('SIGTERM')).toBe(0);
    expect(host.listenerCount('SIGINT')).toBe(0);
    await vi.runAllTimersAsync();
    expect(host.listenerCount('SIGTERM')).toBe(1);
    expect(host.listenerCount('SIGINT')).toBe(1);
  });

  it('keeps our ear where it listens itself: the signal would not end it without us either', () => {
    host.on('SIGTERM', () => undefined);
    ears.standBack();
    expect(host.listenerCount('SIGTERM')).toBe(2);
    expect(host.listenerCount('SIGINT')).toBe(0);
  });

  it('is not disturbed while it ends', () => {
    host.emit('SIGTERM');
    ears.standBack();
    expect(host.listenerCount('SIGTERM')).toBe(1);
  });
});

describe('a fault of ours at the end', () => {
  const broken = () => {
    throw new Error('a fault of ours');
  };
  const failing = () => {
    const one = new Host();
    onEnding({ timeoutMillis: 1000, flush: broken, finish: broken }, one);
    return one;
  };

  it('does not change how the program ends', async () => {
    expect(() => failing().emit('beforeExit')).not.toThrow();
    expect(() => failing().emit('exit')).not.toThrow();
    const one = failing();
    one.emit('SIGTERM');
    await vi.advanceTimersByTimeAsync(0);
    expect(one.raised).toEqual(['SIGTERM']);
  });

  it('keeps no other step from being taken', () => {
    const taken: number[] = [];
    eachInTurn(
      () => taken.push(1),
      broken,
      () => taken.push(2),
    );
    expect(taken).toEqual([1, 2]);
  });
});
