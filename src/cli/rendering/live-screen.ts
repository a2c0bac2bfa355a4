import type { Screen, Terminal } from '../terminal.ts';

/** How something is shown again and again. */
export interface LiveView {
  readonly terminal: Terminal;
  /** Ends the view. */
  readonly signal: AbortSignal;
  readonly intervalMillis: number;
  /** What is to be seen now, in lines. */
  draw(): Promise<string>;
}

const alternate = '\u001b[?1049h\u001b[?25l';
const restore = '\u001b[?25h\u001b[?1049l';
const home = '\u001b[H';
const clearLine = '\u001b[K';
const clearBelow = '\u001b[J';

/**
 * Shows a view until it is ended: on a screen of its own, as `top` does, where there is a screen; elsewhere as one text after
 * another. The screen before it comes back on every way out.
 */
export async function showLive(view: LiveView): Promise<void> {
  const { terminal, signal } = view;
  if (terminal.screen() === undefined) return showTexts(view);
  terminal.screen()?.write(alternate);
  try {
    let text = '';
    const paint = () => {
      const screen = terminal.screen();
      if (screen !== undefined) screen.write(frameOf(screen, text));
    };
    const release = terminal.screen()?.onResize(paint);
    try {
      while (!signal.aborted) {
        text = await view.draw();
        paint();
        await pause(view);
      }
    } finally {
      release?.();
    }
  } finally {
    terminal.screen()?.write(restore);
  }
}

async function showTexts(view: LiveView): Promise<void> {
  while (!view.signal.aborted) {
    await view.terminal.line(await view.draw());
    await view.terminal.line();
    await pause(view);
  }
}

/** As much of a text as the screen holds, written over what was there without a flicker. */
function frameOf({ columns, rows }: Screen, text: string): string {
  const lines = text.split('\n');
  const shown = lines.slice(0, rows - 1).map((line) => `${clipped(line, columns)}${clearLine}\n`);
  const more = lines.length - shown.length;
  return `${home}${shown.join('')}${more > 0 ? clipped(`... ${more} more lines`, columns) : ''}${clearBelow}`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control sequences are what is looked for
const pieces = /\u001b\[[0-9;]*m|[\s\S]/gu;

/** The beginning of a line that fits; colours take no room, and those that were begun are ended. */
export function clipped(line: string, columns: number): string {
  let width = 0;
  let kept = '';
  for (const [piece] of line.matchAll(pieces)) {
    const isStyle = piece.startsWith('\u001b');
    if (!isStyle && width >= columns) continue;
    if (!isStyle) width += 1;
    kept += piece;
  }
  return kept;
}

function pause({ signal, intervalMillis }: LiveView): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, intervalMillis);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}
