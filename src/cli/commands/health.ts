import { SpanledgerError } from '../../domain/errors.ts';
import { exitCode } from '../exit-code.ts';
import type { Run } from '../invocation.ts';
import { visible } from '../visible.ts';
import { resolveWorkplace } from '../workplace.ts';

const timeoutMillis = 3_000;

/** `spanledger health` */
export const run: Run = async (invocation) => {
  const { options, terminal } = invocation;
  const { settings } = resolveWorkplace(invocation).configuration;
  const port = options.count('port') ?? settings.healthPort;
  if (port === undefined) {
    const why = 'there is no port; set SPANLEDGER_HEALTH_PORT, as for the program, or give --port';
    throw new SpanledgerError('USAGE', { details: { why, command: 'health' } });
  }
  const probe = options.text('probe') ?? 'healthz';
  const answer = await ask(`http://${hostOf(settings.healthHost)}:${port}/${probe}`);
  if (answer === undefined) {
    terminal.note(`nobody answers on port ${port}`);
    return exitCode.unreachable;
  }
  await terminal.line(options.flag('json') ? answer.text.trim() : visible(toText(answer.text)));
  return answer.isWell ? exitCode.ok : exitCode.finding;
};

/** An address to listen on everywhere is asked at home. */
function hostOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

async function ask(url: string): Promise<{ readonly isWell: boolean; readonly text: string } | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMillis) });
    return { isWell: response.ok, text: await response.text() };
  } catch {
    return undefined;
  }
}

function toText(body: string): string {
  const { verdict, reasons } = JSON.parse(body) as { readonly verdict: string; readonly reasons: readonly string[] };
  return [verdict, ...reasons].join('; ');
}
