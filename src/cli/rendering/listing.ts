import CliTable from 'cli-table3';
import type { Terminal } from '../terminal.ts';
import { visible } from '../visible.ts';

/** One column of a listing: its title and the text of its cell. */
export interface ListingColumn<Row> {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Raw text; it is made safe here. */
  text(row: Row): string;
  /** Where a screen is too narrow for all columns, those that have this are left out, the highest first. */
  readonly spare?: number;
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
  const widths = new Map(columns.map((column) => [column, widthOf(column, rows)]));
  return renderColumns(terminal, fitting(terminal, columns, widths), rows);
}

/**
 * A listing that goes on: columns are as wide as what was in them so far. The titles stand above the first rows, and again above those
 * for which the columns of a narrow screen had to change.
 */
export function createGrowingListing<Row>(
  terminal: Terminal,
  columns: readonly ListingColumn<Row>[],
): (rows: readonly Row[]) => string {
  const widths = new Map(columns.map((column) => [column, column.title.length]));
  let shown: readonly ListingColumn<Row>[] = [];
  return (rows) => {
    for (const column of columns) widths.set(column, Math.max(widths.get(column) ?? 0, widthOf(column, rows)));
    const chosen = fitting(terminal, columns, widths);
    const text = renderColumns(terminal, chosen, rows, widths);
    const isSame = chosen.length === shown.length && chosen.every((column, index) => column === shown[index]);
    shown = chosen;
    return isSame ? text.slice(text.indexOf('\n') + 1) : text;
  };
}

type Widths<Row> = ReadonlyMap<ListingColumn<Row>, number>;

/** The longest of its cells that are aligned, or its title. */
function widthOf<Row>(column: ListingColumn<Row>, rows: readonly Row[]): number {
  const lengths = rows.map((row) => visible(column.text(row)).length).filter((length) => length < maxAligned);
  return lengths.reduce((longest, length) => Math.max(longest, length), column.title.length);
}

function fitting<Row>(
  terminal: Terminal,
  columns: readonly ListingColumn<Row>[],
  widths: Widths<Row>,
): readonly ListingColumn<Row>[] {
  const room = terminal.screen()?.columns ?? Number.POSITIVE_INFINITY;
  const spares = columns
    .filter(({ spare }) => spare !== undefined)
    .toSorted((a, b) => Number(b.spare) - Number(a.spare));
  let chosen = columns;
  const needed = () => chosen.reduce((sum, column) => sum + (widths.get(column) ?? 0) + bare.middle.length, 0);
  for (const spare of spares) {
    if (needed() - bare.middle.length <= room) break;
    chosen = chosen.filter((column) => column !== spare);
  }
  return chosen;
}

function renderColumns<Row>(
  terminal: Terminal,
  columns: readonly ListingColumn<Row>[],
  rows: readonly Row[],
  widths?: Widths<Row>,
): string {
  const table = new CliTable({
    head: columns.map((column) => titleOf(terminal, column, widths?.get(column) ?? 0)),
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

/** A title as wide as its column is at least. */
function titleOf<Row>(terminal: Terminal, { title, align }: ListingColumn<Row>, width: number): string {
  const space = ' '.repeat(Math.max(0, width - title.length));
  return align === 'right' ? `${space}${terminal.style('bold', title)}` : `${terminal.style('bold', title)}${space}`;
}

function renderCell<Row>(terminal: Terminal, column: ListingColumn<Row>, row: Row, long: string[]): string {
  const whole = visible(column.text(row));
  const isLong = whole.length >= maxAligned;
  if (isLong) long.push(whole);
  const text = isLong ? placeholder : whole;
  return column.paint === undefined ? text : column.paint(row, terminal, text);
}
