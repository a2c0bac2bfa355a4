import CliTable from 'cli-table3';
import type { Terminal } from '../terminal.ts';
import { visible } from '../visible.ts';

/** One column of a listing: its title and the text of its cell. */
export interface ListingColumn<Row> {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Raw text; it is made safe here. */
  text(row: Row): string;
  /** Style of the finished cell. */
  paint?(row: Row, terminal: Terminal, text: string): string;
}

const bare = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** A cell of more characters than this does not widen its column: one long id would push all other lines apart. */
const maxAligned = 80;
/** Stands for such a cell while the rest is aligned. Of a private area; what comes as long from outside is itself stood for. */
const placeholder = '\u{e000}'.repeat(maxAligned);

/** Rows as aligned columns under their titles, without frames, wide characters counted as the terminal does. */
export function renderListing<Row>(
  terminal: Terminal,
  columns: readonly ListingColumn<Row>[],
  rows: readonly Row[],
): string {
  const table = new CliTable({
    head: columns.map(({ title }) => terminal.style('bold', title)),
    colAligns: columns.map(({ align }) => align ?? 'left'),
    chars: bare,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  const long: string[] = [];
  for (const row of rows) table.push(columns.map((column) => renderCell(terminal, column, row, long)));
  const lines = table.toString().split('\n');
  const whole = lines.map((line) => line.replaceAll(placeholder, () => long.shift() ?? ''));
  return whole.map((line) => line.trimEnd()).join('\n');
}

function renderCell<Row>(terminal: Terminal, column: ListingColumn<Row>, row: Row, long: string[]): string {
  const whole = visible(column.text(row));
  const isLong = whole.length >= maxAligned;
  if (isLong) long.push(whole);
  const text = isLong ? placeholder : whole;
  return column.paint === undefined ? text : column.paint(row, terminal, text);
}
