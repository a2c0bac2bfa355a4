import { describe, expect, it } from 'vitest';
import { createBoardMemory, OpenBoard, oldestStart, readBoard } from '../../src/watchdog/open-board.ts';

describe('the board of what is open', () => {
  it('shows what was added and not removed, oldest first, whatever order it ended in', () => {
    const memory = createBoardMemory(4);
    const board = new OpenBoard(memory);
    const keys = [{}, {}, {}];
    for (const [index, key] of keys.entries()) board.add(key, 100 - index, `n${index}\0\0`, 'é😀');
    board.remove(keys[1] ?? {});
    expect(readBoard(memory)).toEqual([
      { startedAt: 98, fields: ['n2', '', 'é😀'] },
      { startedAt: 100, fields: ['n0', '', 'é😀'] },
    ]);
    expect(oldestStart(memory)).toBe(98);
  });

  it('cuts what does not fit, and leaves out what finds no place until one is free', () => {
    const memory = createBoardMemory(2);
    const board = new OpenBoard(memory);
    const [first, second, third] = [{}, {}, {}];
    board.add(first, 1, 'head\0', 'x'.repeat(1_000));
    board.add(second, 2, 'b');
    board.add(third, 3, 'c');
    board.remove(third);
    expect(readBoard(memory).map(({ fields }) => fields)).toEqual([['head', 'x'.repeat(507)], ['b']]);
    board.remove(first);
    board.add(third, 3, 'c');
    expect(readBoard(memory).map(({ fields }) => fields[0])).toEqual(['b', 'c']);
  });
});
