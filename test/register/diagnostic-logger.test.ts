import { describe, expect, it } from 'vitest';
import { createDiagnosticLogger } from '../../src/register/diagnostic-logger.ts';

function recorded() {
  const lines: string[] = [];
  const clock = { at: 0 };
  const logger = createDiagnosticLogger({ write: (line) => lines.push(line), now: () => clock.at, quietMillis: 1000 });
  return { lines, clock, logger };
}

describe('the diagnostic logger', () => {
  it('writes level, message and the message of an error', () => {
    const { lines, logger } = recorded();
    logger.warn('The disk is full.', new Error('ENOSPC'), { segment: 7 });
    expect(lines).toEqual(['spanledger warning: The disk is full. ENOSPC {"segment":7}']);
  });

  it('shows a repeated message once in a while and says how often it came', () => {
    const { lines, clock, logger } = recorded();
    for (let call = 0; call < 5; call += 1) logger.error('down');
    clock.at = 1000;
    logger.error('down');
    logger.error('down');
    expect(lines).toEqual(['spanledger error: down', 'spanledger error: down (and 4 times before)']);
  });

  it('does not take different messages for the same', () => {
    const { lines, logger } = recorded();
    logger.warn('one');
    logger.warn('two');
    logger.error('two');
    expect(lines).toHaveLength(3);
  });

  it('survives details that cannot be shown', () => {
    const { lines, logger } = recorded();
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    logger.warn('odd', cyclic, 1n, undefined);
    expect(lines).toHaveLength(1);
  });

  it('says nothing when another logger takes over', () => {
    const { lines, logger } = recorded();
    logger.warn('Current logger will be overwritten from somewhere');
    expect(lines).toEqual([]);
  });
});

describe('a message with hostile parts', () => {
  it('stays one line, moves no cursor and shows no secret', () => {
    const lines: string[] = [];
    const logger = createDiagnosticLogger({ write: (line) => lines.push(line) });
    logger.error(
      'sending\r\nspanledger error: forged \u001b[2J',
      new Error('to https://me:FAKE-1@host\nfailed\u202e'),
      {
        headers: { authorization: 'FAKE-2' },
        note: '\u009b31m',
      },
    );
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(lines[0]).not.toContain('FAKE');
    expect(lines[0]).toContain('\\e[2J');
  });
});
