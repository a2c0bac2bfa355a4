import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import { createGrowingListing, renderListing } from '../../../src/cli/rendering/listing.ts';
import { badge, paintState } from '../../../src/cli/rendering/state-style.ts';
import { recordedTerminal } from '../recorded-terminal.ts';

interface Row {
  readonly name: string;
  readonly count: number;
}

const columns = [
  { title: 'NAME', text: ({ name }: Row) => name },
  { title: 'COUNT', align: 'right' as const, text: ({ count }: Row) => String(count) },
];

it('aligns columns, wide characters counted as two', () => {
  const rows = [
    { name: '写真', count: 7 },
    { name: 'abcdef', count: 1200 },
  ];
  expect(renderListing(recordedTerminal().terminal, columns, rows)).toBe(
    ['NAME    COUNT', '写真        7', 'abcdef   1200'].join('\n'),
  );
});

it('lets a long cell stand out, whole, and keeps the others aligned', () => {
  const long = 'x'.repeat(500);
  const rows = [
    { name: 'short', count: 7 },
    { name: long, count: 12 },
    { name: '\u{e000}'.repeat(80), count: 3 },
  ];
  const lines = renderListing(recordedTerminal().terminal, columns, rows).split('\n');
  expect(lines[1]).toBe(`short${' '.repeat(75)}      7`);
  expect(lines[2]).toBe(`${long}     12`);
  expect(lines[3]).toBe(`${'\u{e000}'.repeat(80)}      3`);
});

const spareColumns = [
  { title: 'A', text: ({ name }: Row) => name },
  { title: 'SECOND', spare: 2, text: ({ name }: Row) => name },
  { title: 'N', align: 'right' as const, text: ({ count }: Row) => String(count) },
  { title: 'FIRST', spare: 1, text: ({ name }: Row) => name },
];

/** The titles that a screen of so many columns has room for. */
function titlesOn(columns: number): string[] {
  const { terminal } = recordedTerminal();
  const screen = { columns, rows: 24, write: () => {}, onResize: () => () => {} };
  const text = renderListing({ ...terminal, screen: () => screen }, spareColumns, [{ name: 'abcdefgh', count: 12 }]);
  const [head = '', row = ''] = text.split('\n');
  expect(row.length).toBeLessThanOrEqual(Math.max(columns, 12));
  return head.split(/ +/);
}

it('leaves columns out that a narrow screen has no room for, in their order, and none where there is no screen', () => {
  expect(titlesOn(32)).toEqual(['A', 'SECOND', 'N', 'FIRST']);
  expect(titlesOn(31)).toEqual(['A', 'N', 'FIRST']);
  expect(titlesOn(21)).toEqual(['A', 'N']);
  expect(titlesOn(1)).toEqual(['A', 'N']);
  const { terminal } = recordedTerminal();
  expect(renderListing(terminal, spareColumns, [{ name: 'x'.repeat(70), count: 1 }])).toContain('SECOND');
});

it('goes on under the same titles, columns as wide as what was in them so far', () => {
  const next = createGrowingListing(recordedTerminal().terminal, columns);
  expect(next([{ name: 'abcdef', count: 7 }])).toBe('NAME    COUNT\nabcdef      7');
  expect(next([{ name: 'abcdefgh', count: 12 }])).toBe('abcdefgh     12');
  expect(next([{ name: 'a', count: 123456 }])).toBe('a         123456');
  expect(next([{ name: 'b', count: 1 }])).toBe('b              1');
});

it('keeps a row on its line whatever its data holds', () => {
  const rows = [{ name: 'a\nb\u001b[1A', count: 1 }];
  expect(renderListing(recordedTerminal().terminal, columns, rows).split('\n')).toHaveLength(2);
});

it('writes no escape sequences where the output is no terminal', () => {
  const { terminal } = recordedTerminal();
  expect(badge(terminal, 'imported', 'imported')).toBe('[IMPORTED]');
  expect(paintState(terminal, 'failed', 'failed')).toBe('failed');
});

it('colours states on a terminal and leaves the text the same', () => {
  const { terminal } = recordedTerminal('colors');
  const painted = badge(terminal, 'imported', 'imported');
  expect(painted).not.toBe(' IMPORTED ');
  expect(stripVTControlCharacters(painted)).toBe(' IMPORTED ');
});
