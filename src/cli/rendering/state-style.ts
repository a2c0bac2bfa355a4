import type { Style, Terminal } from '../terminal.ts';

const styles: Readonly<Record<string, Style>> = {
  imported: 'green',
  source_restored: 'green',
  path_updated: 'green',
  SUCCESS: 'green',
  skipped: 'gray',
  canceled: 'gray',
  expired: 'gray',
  warning: 'yellow',
  missing: 'yellow',
  failed: 'red',
  error: 'red',
  critical: 'red',
  high: 'red',
  medium: 'yellow',
  FAILED: 'red',
};

/** A state, status, level or severity in its colour; states of work in progress are cyan. */
export function paintState(terminal: Terminal, state: string, text: string): string {
  return terminal.style(styles[state] ?? 'cyan', text);
}

/** A state as a badge: inverse and in capitals, `[IMPORTED]` where there are no colours. */
export function badge(terminal: Terminal, state: string, text: string): string {
  const label = text.toUpperCase();
  const painted = terminal.style('inverse', ` ${label} `);
  return painted === ` ${label} ` ? `[${label}]` : paintState(terminal, state, painted);
}

const levelStyles: Readonly<Record<string, Style>> = {
  debug: 'gray',
  info: 'cyan',
  warning: 'yellow',
  error: 'red',
  critical: 'red',
};

/** A level in capitals, eight columns wide, in its colour. */
export function paintLevel(terminal: Terminal, level: string): string {
  return terminal.style(levelStyles[level] ?? 'cyan', level.toUpperCase().padEnd('CRITICAL'.length));
}
