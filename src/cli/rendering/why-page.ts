import type { FlowLine } from '../../domain/call-flow.ts';
import { clockText } from '../../domain/chronology.ts';
import type { SimilarRun, Story } from '../reading/why.ts';
import type { Style, Terminal } from '../terminal.ts';
import { visible } from '../visible.ts';
import { type ListingColumn, renderListing } from './listing.ts';
import { nameOf } from './process-lines.ts';
import { duration, isoTime } from './quantities.ts';
import { verdictStyles } from './running-page.ts';

/** The story of work, as lines for people. */
export function whyPage(terminal: Terminal, story: Story): readonly string[] {
  return [
    ...headLines(terminal, story),
    ...section(terminal, 'Where it stands', placeLines(story)),
    ...section(terminal, 'Call flow', flowLines(terminal, story)),
    ...section(terminal, 'Duration', durationLines(story)),
    ...section(terminal, 'How it ended', endLines(story)),
    ...section(terminal, 'What to do', adviceLines(story)),
    ...section(terminal, 'Similar runs', similarLines(terminal, story)),
  ];
}

function headLines(terminal: Terminal, story: Story): readonly string[] {
  const { subject, run, process, verdict, reason, evidence, version } = story;
  const style: Style = verdictStyles[verdict] ?? 'bold';
  const task = run?.task === null || run?.task === undefined ? '' : ` (${run.task})`;
  const of = subject.kind === 'process' && run !== null ? `, last at work on ${run.kind} ${run.id}` : '';
  return [
    `${terminal.style('bold', visible(`${subject.kind} ${subject.id}${task}${of}`))}  ${terminal.style(style, verdict.toUpperCase())}`,
    `  ${visible(reason)}`,
    ...evidence.map((text) => `  ${visible(text)}`),
    ...(version === null ? [] : [`  ${visible(version.text)}`]),
    ...(process === null ? [] : [`  process ${visible(nameOf(process))}, started ${isoTime(process.started_at)}`]),
  ];
}

const mostFrames = 8;

function placeLines(story: Story): readonly string[] {
  const { last_record: last, window, code, progress, error, judged_at: now } = story;
  const age = last === null ? '' : `, ${duration(Math.max(0, now.getTime() - last.time.getTime()))} ago`;
  const lines = [
    last === null
      ? 'no record of it is known'
      : `last record: ${isoTime(last.time)}${story.end === null ? age : ''}, ${last.event} of ${last.unit}: ${last.message}`,
    windowText(story),
    ...(window.unseenInside.length === 0
      ? []
      : [`entered, but none of its inner steps was recorded: ${window.unseenInside.join(', ')}`]),
    progress === null ? undefined : `last progress: ${progress}`,
    error === null ? undefined : `last error: ${error}`,
    progress === null && error === null
      ? 'neither progress nor an error is recorded: position and cause are not known from that'
      : undefined,
    ...(code === null ? [] : [`${code.source}:`, ...code.place.slice(0, mostFrames).map((frame) => `  at ${frame}`)]),
  ];
  return lines.filter((line) => line !== undefined);
}

function windowText({ window: { after, before }, flow }: Story): string {
  const next = before ?? (flow.some(({ usualRuns }) => usualRuns > 0) ? 'its end' : undefined);
  if (next === undefined)
    return `next one expected: not known, there are no earlier runs to learn from${after === undefined ? '' : `; it stands behind ${after}`}`;
  return `next one expected: ${next}; it stands between ${after ?? 'its begin'} and ${next}`;
}

const marks: Readonly<Record<FlowLine['mark'], readonly [string, Style]>> = {
  seen: ['seen', 'green'],
  open: ['OPEN', 'yellow'],
  failed: ['FAILED', 'red'],
  'not seen': ['not seen', 'dim'],
};

const flowColumns: readonly ListingColumn<FlowLine>[] = [
  {
    title: 'STEP',
    text: ({ unit, name, inside, inItem }) =>
      `${inItem || inside !== undefined ? '  ' : ''}${unit === 'item' ? 'items' : `${unit} ${name}`}`,
  },
  {
    title: 'MARK',
    text: ({ mark }) => marks[mark][0],
    paint: ({ mark }, terminal, text) => terminal.style(marks[mark][1], text),
  },
  { title: 'BEGAN', text: ({ firstAt }) => (firstAt === undefined ? '-' : isoTime(new Date(firstAt))) },
  {
    title: 'COUNT',
    align: 'right',
    text: ({ count, failed }) => `${count}${failed === 0 ? '' : ` (${failed} failed)`}`,
  },
  {
    title: 'MEDIAN',
    align: 'right',
    text: ({ medianMillis }) => (medianMillis === undefined ? '-' : duration(medianMillis)),
  },
  {
    title: 'USUALLY',
    align: 'right',
    text: ({ usualMillis }) => (usualMillis === undefined ? '-' : duration(usualMillis)),
  },
  { title: 'IN RUNS', align: 'right', text: ({ usualRuns }) => String(usualRuns) },
];

function flowLines(terminal: Terminal, { flow }: Story): readonly string[] {
  return flow.length === 0 ? [] : renderListing(terminal, flowColumns, flow).split('\n');
}

function durationLines({ run, duration: ratio, anomaly, judged_at: now }: Story): readonly string[] {
  if (run === null) return [];
  const took = run.durationMillis ?? now.getTime() - run.startedAt.getTime();
  const verb = run.endedAt === undefined ? 'runs for' : 'took';
  const compared =
    ratio === null
      ? 'nothing to compare with is known'
      : `${ratio.ratio.toFixed(2)} x the ${clockText(ratio.expectedMillis)} expected (${ratio.source}: ${ratio.basis})`;
  return [`${verb} ${clockText(took)}; ${compared}`, ...(anomaly === null ? [] : [`unusual: ${anomaly}`])];
}

function endLines({ end }: Story): readonly string[] {
  if (end === null) return [];
  const { at, after, outcome, reason, cause, evidence } = end;
  const when = at === null ? `after ${isoTime(after)}, when it was last seen; nobody saw its end` : `at ${isoTime(at)}`;
  return [
    `${outcome} ${when}${reason === null ? '' : `: ${reason}`}`,
    ...(cause === null ? [] : [`its process: ${cause.text} (${cause.kind})`]),
    ...(evidence === null || evidence === undefined ? [] : [`evidence: ${JSON.stringify(evidence)}`]),
  ];
}

function adviceLines({ advice }: Story): readonly string[] {
  return advice.flatMap(({ code, title, grade, because, actions }) => [
    `${code} ${title} (${grade === 'evidence' ? 'evidence' : 'possible'}: ${because})`,
    ...actions.map((action) => `  -> ${action}`),
  ]);
}

const similarColumns: readonly ListingColumn<SimilarRun>[] = [
  { title: 'RUN', text: ({ id }) => id },
  { title: 'STARTED', text: ({ started_at: at }) => isoTime(at) },
  { title: 'TOOK', align: 'right', text: ({ duration_ms: took }) => (took === null ? '-' : clockText(took)) },
  { title: 'OUTCOME', text: ({ outcome }) => outcome },
  { title: 'VERSION', text: ({ version }) => version ?? '-' },
  { title: 'STEPS', align: 'right', text: ({ steps_reached: steps }) => String(steps) },
  { title: 'PARALLEL', align: 'right', text: ({ parallelism }) => String(parallelism) },
  { title: 'BATCH', align: 'right', text: ({ batch_size: size }) => String(size ?? '-') },
  { title: 'BESIDE THIS ONE', text: ({ differs }) => differs.join('; ') },
];

function similarLines(terminal: Terminal, { similar }: Story): readonly string[] {
  return similar.length === 0 ? [] : renderListing(terminal, similarColumns, similar).split('\n');
}

/** Lines under a heading; made safe unless they come from a listing, which is. */
function section(terminal: Terminal, title: string, lines: readonly string[]): readonly string[] {
  const isListing = title === 'Call flow' || title === 'Similar runs';
  return lines.length === 0
    ? []
    : ['', terminal.style('bold', title), ...lines.map((line) => `  ${isListing ? line : visible(line)}`)];
}
