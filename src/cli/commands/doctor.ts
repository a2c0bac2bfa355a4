import { describeOtelVariables, describeSettings } from '../../configuration/description.ts';
import { processEnvironment } from '../../configuration/environment.ts';
import type { StartReport } from '../../register/start-report.ts';
import { examineJournals } from '../examination/journals.ts';
import { finding, type Observation } from '../examination/observation.ts';
import { runProgram } from '../examination/program-run.ts';
import { examineStart } from '../examination/program-start.ts';
import { examineRequest, type SentRequest, sendRequest, untilRecorded } from '../examination/sent-request.ts';
import { examineSettings } from '../examination/settings.ts';
import { examineStore } from '../examination/store.ts';
import { exitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import { jsonLine, visible } from '../visible.ts';
import { resolveWorkplace, type Workplace } from '../workplace.ts';

/** `spanledger doctor` */
export const run: Run = async (invocation) => {
  const workplace = resolveWorkplace(invocation);
  if (invocation.options.flag('config')) await printSettings(invocation, workplace);
  const [program, ...parameters] = invocation.arguments;
  const chosen = program === undefined ? examinations : [programExamination(invocation, [program, ...parameters])];
  let findings = 0;
  let isUnreachable = false;
  for (const examine of chosen) {
    for (const observation of await examine(workplace)) {
      if (observation.status === 'finding') findings += 1;
      if (observation.unreachable === true) isUnreachable = true;
      await printObservation(invocation, observation);
    }
  }
  if (!invocation.options.flag('json'))
    await invocation.terminal.line(findings === 0 ? 'All is well.' : countText(findings));
  if (isUnreachable) return exitCode.unreachable;
  return findings === 0 ? exitCode.ok : exitCode.finding;
};

type Examination = (workplace: Workplace) => readonly Observation[] | Promise<readonly Observation[]>;

const defaultSeconds = 10;

/** `spanledger doctor -- node app.js` */
function programExamination({ options, signal }: Invocation, command: readonly [string, ...string[]]): Examination {
  return async () => {
    const timeoutMillis = (options.count('seconds') ?? defaultSeconds) * 1000;
    const path = options.text('request');
    let sent: SentRequest | undefined;
    const send = async (report: StartReport) => {
      if (path === undefined) return;
      sent = await sendRequest(path, report);
      await untilRecorded(sent, report);
    };
    const [report] = await runProgram({ command, timeoutMillis, signal, whileListening: send });
    if (path === undefined || report === undefined) return examineStart(report);
    return [...examineStart(report), ...(sent === undefined ? [unasked] : await examineRequest(sent, report))];
  };
}

const unasked = finding(
  'request',
  'the program did not listen, so it was sent no request',
  'Raise --seconds where it takes long to start.',
);

const examinations: readonly Examination[] = [
  examineSettings,
  ({ directory }) => examineJournals(directory),
  examineStore,
];

async function printSettings({ options, terminal }: Invocation, { configuration }: Workplace): Promise<void> {
  const settings = [...describeSettings(configuration), ...describeOtelVariables(processEnvironment())];
  const width = Math.max(...settings.map(({ key }) => key.length));
  for (const setting of settings) {
    const { key, value, source } = setting;
    if (options.flag('json')) await terminal.line(jsonLine(setting));
    else
      await terminal.line(`${key.padEnd(width)}  ${visible(value)}  ${terminal.style('dim', `(${visible(source)})`)}`);
  }
  if (!options.flag('json')) await terminal.line();
}

async function printObservation({ options, terminal }: Invocation, observation: Observation): Promise<void> {
  if (options.flag('json')) return terminal.line(jsonLine(observation));
  const { subject, status, message, action } = observation;
  const mark = status === 'ok' ? terminal.style('green', 'ok     ') : terminal.style('red', 'FINDING');
  await terminal.line(`${mark}  ${subject.padEnd(12)}  ${visible(message)}`);
  if (action !== undefined) await terminal.line(`         -> ${visible(action)}`);
}

function countText(findings: number): string {
  return findings === 1 ? '1 finding.' : `${findings} findings.`;
}
