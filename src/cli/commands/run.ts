import { SpanledgerError } from '../../domain/errors.ts';
import { isRestartMode, type RestartMode } from '../../domain/restart-policy.ts';
import type { Run } from '../invocation.ts';
import { supervise } from '../supervision/supervisor.ts';
import { openSupervisorLedger } from '../supervision/supervisor-ledger.ts';
import { visible } from '../visible.ts';
import { openWorkplace } from '../workplace.ts';

/** `spanledger run -- node daemon.js` */
export const run: Run = async (invocation) => {
  const { options, terminal } = invocation;
  const [program, ...parameters] = invocation.arguments;
  if (program === undefined) {
    const why = 'there is no program; name it and its arguments behind --';
    throw new SpanledgerError('USAGE', { details: { why, command: 'run' } });
  }
  const ledger = openSupervisorLedger(openWorkplace(invocation));
  const mode = modeOf(options.text('restart'));
  const millis = (name: string, fallback: number) => (options.count(name) ?? fallback) * 1000;
  try {
    return await supervise({
      command: [program, ...parameters],
      limits: { mode, maxRestarts: options.count('maxRestarts') ?? 5, resetMillis: millis('resetAfter', 600) },
      stuckMillis: millis('stuckAfter', 60),
      killsStuck: options.flag('killStuck') || mode === 'on-stuck',
      graceMillis: millis('grace', 10),
      backOff: { firstMillis: millis('delay', 1), maxMillis: 60_000 },
      ledger,
      tell: (text) => terminal.note(`spanledger: ${visible(text)}`),
      random: Math.random,
    });
  } finally {
    await ledger.close();
  }
};

function modeOf(text: string | undefined): RestartMode {
  return isRestartMode(text) ? text : 'on-failure';
}
