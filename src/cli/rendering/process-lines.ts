import { systemCallText } from '../../journal/process-state.ts';
import { threadOf } from '../../journal/thread-instance.ts';
import { codeVersion, type ProcessRow } from '../reading/process-row.ts';
import type { Terminal } from '../terminal.ts';
import { visible } from '../visible.ts';
import { byteSize, duration, percent } from './quantities.ts';

/** What a process is and does, in lines: who it is; what it costs; where it is blocked; what it waits for. */
export function processLines(terminal: Terminal, process: ProcessRow, now: Date): readonly string[] {
  const title = terminal.style('bold', visible(nameOf(process)));
  const figures = figuresOf(process, now);
  return [
    figures === '' ? title : `${title}: ${figures}`,
    ...blockedLines(terminal, process, now),
    ...callLines(process, now),
  ];
}

/** `importer 1.4.0 (0a1b2c3d4e), pid 4711 on host-1`; of a worker thread `…, pid 4711 thread 3 on host-1`. */
export function nameOf(process: ProcessRow): string {
  const { service_name: service, pid, host, instance_id: instance } = process;
  const version = codeVersion(process);
  const thread = threadOf(instance);
  const place = `pid ${pid ?? '?'}${thread === undefined ? '' : ` thread ${thread}`} on ${host ?? '?'}`;
  return `${service ?? instance}${version === undefined ? '' : ` ${version}`}, ${place}`;
}

function figuresOf(process: ProcessRow, now: Date): string {
  const { started_at: started, last_seen_at: seen, ended_at: ended } = process;
  const figures = [
    ended === null ? undefined : `ended ${since(ended, now)} ago`,
    started === null ? undefined : `up ${since(started, ended ?? now)}`,
    process.cpu_ratio === null ? undefined : `cpu ${percent(process.cpu_ratio)}`,
    process.rss_bytes === null ? undefined : `memory ${byteSize(process.rss_bytes)}`,
    process.heap_used_bytes === null ? undefined : `heap ${byteSize(process.heap_used_bytes)}`,
    loopDelay(process),
    seen === null || ended !== null ? undefined : `seen ${since(seen, now)} ago`,
  ];
  return figures.filter((figure) => figure !== undefined).join(', ');
}

function loopDelay({ event_loop_delay_p99_ms: p99, event_loop_lag_ms: lag }: ProcessRow): string | undefined {
  if (p99 !== null) return `event loop delay ${duration(p99)} (p99)`;
  return lag === null ? undefined : `event loop delay ${duration(lag)}`;
}

/** A thread that does not come back to its event loop: since when, in what, and the stack. */
function blockedLines(terminal: Terminal, process: ProcessRow, now: Date): readonly string[] {
  const { blocked_since: blockedSince, blocked_in: place, blocked_stack: stack } = process;
  if (blockedSince === null) return [];
  const unit = place === null ? '' : ` in ${visible(`${place.unit} ${place.step_name ?? place.task_name ?? ''}`)}`;
  const isWorker = threadOf(process.instance_id) !== undefined;
  const line = `${isWorker ? 'busy' : 'main thread blocked'} for ${since(blockedSince, now)}${unit}`;
  const frames = (stack ?? []).map((frame) =>
    visible(`at ${frame.function} (${frame.file}:${frame.line}:${frame.column})`),
  );
  const where = frames.length > 0 ? frames : [nativeText(process)];
  return [`  ${isWorker ? line : terminal.style('red', line)}`, ...where.map((frame) => `    ${frame}`)];
}

function nativeText({ blocked_call: call }: ProcessRow): string {
  return call === null
    ? 'in native code: no stack can be taken'
    : visible(`in ${systemCallText(call)}: no stack can be taken`);
}

/** The oldest call that has no answer. */
function callLines({ pending_call: call }: ProcessRow, now: Date): readonly string[] {
  if (call === null) return [];
  return [`  waits ${since(new Date(call.started_at), now)} for ${visible(call.kind)}: ${visible(call.summary)}`];
}

function since(then: Date, now: Date): string {
  return duration(Math.max(0, now.getTime() - then.getTime()));
}
