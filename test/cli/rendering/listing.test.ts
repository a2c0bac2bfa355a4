import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import { renderListing } from '../../../src/cli/rendering/listing.ts';
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
