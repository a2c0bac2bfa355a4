import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { clipped, showLive } from '../../../src/cli/rendering/live-screen.ts';
import { createTerminal, type OutputStream } from '../../../src/cli/terminal.ts';
import { recordedTerminal } from '../recorded-terminal.ts';

/** A screen of a size that may change. */
function createScreen(columns: number, rows: number) {
  const written: string[] = [];
  const stream = Object.assign(new EventEmitter(), {
    isTTY: true,
    columns,
    rows,
    write: (text: string) => {
      written.push(text);
      return true;
    },
  });
  return { stream, written, terminal: createTerminal(stream as OutputStream, new EventEmitter() as OutputStream) };
}

/** Ends a view after so many drawings. */
function drawings(texts: readonly string[]) {
  const stop = new AbortController();
  let drawn = 0;
  const draw = async () => {
    drawn += 1;
    if (drawn === texts.length) queueMicrotask(() => stop.abort());
    return texts[drawn - 1] ?? '';
  };
  return { signal: stop.signal, draw, intervalMillis: 1, count: () => drawn };
}

const esc = '\u001b';

describe('a live view', () => {
  it('has a screen of its own, is written over without being cleared, and gives the old one back', async () => {
    const { terminal, written } = createScreen(20, 10);
    await showLive({ terminal, ...drawings(['one', 'two\nlines']) });
    expect(written[0]).toBe(`${esc}[?1049h${esc}[?25l`);
    expect(written).toContain(`${esc}[Hone${esc}[K\n${esc}[J`);
    expect(written).toContain(`${esc}[Htwo${esc}[K\nlines${esc}[K\n${esc}[J`);
    expect(written.at(-1)).toBe(`${esc}[?25h${esc}[?1049l`);
  });

  it('gives the old screen back when drawing fails', async () => {
    const { terminal, written } = createScreen(20, 10);
    const draw = () => Promise.reject(new Error('no'));
    await expect(showLive({ terminal, ...drawings(['']), draw })).rejects.toThrow('no');
    expect(written.at(-1)).toBe(`${esc}[?25h${esc}[?1049l`);
  });

  it('fits what it shows into the screen, also when that changes', async () => {
    const { terminal, stream, written } = createScreen(5, 3);
    const view = drawings(['abcdefgh\nb\nc\nd', 'unused']);
    const resizing = async () => {
      const text = await view.draw();
      if (view.count() === 2) {
        Object.assign(stream, { columns: 3, rows: 5 });
        stream.emit('resize');
      }
      return text;
    };
    await showLive({ terminal, ...view, draw: resizing });
    expect(written[1]).toBe(`${esc}[Habcde${esc}[K\nb${esc}[K\n... 2${esc}[J`);
    expect(written[2]).toContain(`${esc}[Habc${esc}[K\nb${esc}[K\nc${esc}[K\nd${esc}[K\n`);
    expect(stream.listenerCount('resize')).toBe(0);
  });

  it('is one text after another where there is no screen', async () => {
    const { terminal, output } = recordedTerminal();
    await showLive({ terminal, ...drawings(['one', 'two']) });
    expect(output()).toBe('one\n\ntwo\n\n');
  });
});

it('a line is clipped by what is seen of it, and its colours end', () => {
  expect(clipped(`${esc}[31mabc${esc}[39mdef`, 2)).toBe(`${esc}[31mab${esc}[39m`);
  expect(clipped('äöü', 2)).toBe('äö');
});
