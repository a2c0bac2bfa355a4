import { describe, expect, it } from 'vitest';
import { createBoardMemory, OpenBoard, oldestStart, readBoard } from '../../src/watchdog/open-board.ts';

describe('the board of what is open', () => {
  it('shows what was added and not removed, oldest first, whatever order it ended in', () => {
    const memory = createBoardMemory(4);
    const board = new OpenBoard(memory);
    const keys = [{}, {}, {}];
    for (const [index, key] of keys.entries())
      board.add(key, 100 - index, [
        [`n${index}`, 8],
        [undefined, 8],
        ['é😀', 8],
      ]);
    board.remove(keys[1] ?? {});
    expect(readBoard(memory)).toEqual([
      { startedAt: 98, fields: ['n2', '', 'é😀', ''] },
      { startedAt: 100, fields: ['n0', '', 'é😀', ''] },
    ]);
    expect(oldestStart(memory)).toBe(98);
  });

  it('cuts what does not fit, and leaves out what finds no place until one is free', () => {
    const memory = createBoardMemory(2);
    const board = new OpenBoard(memory);
    const [first, second, third] = [{}, {}, {}];
    board.add(first, 1, [['x'.repeat(1_000), 300]]);
    board.add(second, 2, [['b', 1]]);
    board.add(third, 3, [['c', 1]]);
    board.remove(third);
    expect(readBoard(memory).map(({ fields }) => fields[0])).toEqual(['x'.repeat(255), 'b']);
    board.remove(first);
    board.add(third, 3, [['c', 1]]);
    expect(readBoard(memory).map(({ fields }) => fields[0])).toEqual(['b', 'c']);
  });
});
