import { type FoundModule, isNotInstrumented } from '../../instrument/module-report.ts';
import type { LogProbe } from '../../register/log-probe.ts';
import type { StartReport } from '../../register/start-report.ts';
import { finding, type Observation, well } from './observation.ts';

/** What a program says of itself after its start: what is instrumented, what is not and why, where everything goes. */
export function examineStart(report: StartReport | undefined): readonly Observation[] {
  if (report === undefined) return [silent];
  const { node, pid, service, isListening, esmHook } = report;
  const state = isListening ? 'listens' : 'does not listen';
  return [
    well('program', `${service} ran as process ${pid} on Node.js ${node}; it ${state}`),
    ...(report.sdk === 'joined' ? [joined] : []),
    ...modules(report),
    well('es modules', esmHook === 'none' ? 'need no hook here' : `are intercepted ${esmHook}`),
    ...exports(report),
    ...(report.logs === undefined ? [] : [logPath(report.logs)]),
    contextKept(report),
    well('log lines', linesText(report)),
    well('ledger', `journal in ${report.ledger.journal}, database ${report.ledger.database}`),
    well('redaction', redactionText(report)),
    well('propagation', propagationText(report)),
  ];
}

function contextKept({ keepsContext }: StartReport): Observation {
  if (keepsContext)
    return well('context', 'is kept within withLogContext and requests, through promises, timers and callbacks');
  const action = 'The SDK of the program has no context manager: give it one, or let spanledger/register come first.';
  return finding('context', 'is not kept: no record has the ids and fields of where it was made', action);
}

function linesText({ lines: { format, level, file } }: StartReport): string {
  const where = file === undefined ? 'standard output' : `standard output and ${file}`;
  const form = format === 'json' ? 'JSON' : 'text, without the fields that back ends read (SPANLEDGER_LOG_FORMAT=json)';
  return `getLogger writes ${form} from ${level} on to ${where}`;
}

function logPath({ status, logger }: LogProbe): Observation {
  if (status === 'recorded')
    return well('log path', `a line of the logger ${logger}, which nobody has set up, is in the journal`);
  if (status === 'silent') return well('log path', 'nobody takes log records of OpenTelemetry here');
  const action =
    'See whether the log provider of the program has a processor of spanledger, and whether it is shut down.';
  return finding('log path', `a line of the logger ${logger} did not reach the journal`, action);
}

const silent = finding(
  'program',
  'It told nothing of itself: no Node.js program, one that ended before it began, or OTEL_SDK_DISABLED is true.',
  'See what it wrote above; raise --seconds where it takes long to start.',
);

const joined = well(
  'sdk',
  'the program has an OpenTelemetry SDK of its own, which is joined; what it sends is its own affair',
);

function modules({ modules: found, esmHook }: StartReport): readonly Observation[] {
  if (esmHook === 'off') return [well('modules', 'are not instrumented here')];
  if (found.length === 0) return [well('modules', 'none was loaded that can be instrumented')];
  return found.map(observed);
}

function observed(found: FoundModule): Observation {
  const { module, version, file, status, instrumentation, note = '' } = found;
  const told = version === undefined ? status : `${version}: ${status}`;
  const place = file === undefined ? '' : ` (${file})`;
  const by = instrumentation === undefined ? '' : ` by ${instrumentation}`;
  const facts = { module: found };
  if (isNotInstrumented(found)) return { ...finding(module, `${told}${by}${place}`, note), ...facts };
  const why = note === '' ? '' : `. ${note}`;
  return { ...well(module, `${told}${by}${place}${why}`), ...facts };
}

function exports({ exports: found, sdk }: StartReport): readonly Observation[] {
  if (sdk === 'joined') return [];
  return (['traces', 'logs', 'metrics'] as const).flatMap((signal) => {
    const ways = found.filter((one) => one.signal === signal);
    if (ways.length === 0) return [well(signal, 'are not sent: no exporter and no endpoint is named')];
    return ways.map(({ exporter, to }) => well(signal, exporter === to ? `go to ${to}` : `go by ${exporter} to ${to}`));
  });
}

function redactionText({ redaction: { rules, further } }: StartReport): string {
  return further.length === 0 ? rules : `${rules}; further: ${further.join(', ')}`;
}

function propagationText({ propagation: { propagators, correlationHeader } }: StartReport): string {
  return `${propagators.length === 0 ? 'no trace context' : propagators.join(', ')}; correlation header ${correlationHeader}`;
}
