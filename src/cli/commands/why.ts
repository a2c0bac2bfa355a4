import { exitCode } from '../exit-code.ts';
import type { Run } from '../invocation.ts';
import { withLedger } from '../reading/open-ledger.ts';
import { findSubject } from '../reading/subject.ts';
import { needsPerson, tellStory } from '../reading/why.ts';
import { whyPage } from '../rendering/why-page.ts';
import { jsonLine } from '../visible.ts';

/** `spanledger why ID` */
export const run: Run = (invocation) =>
  withLedger(invocation, async (reader) => {
    const { options, terminal } = invocation;
    const story = await tellStory(reader, await findSubject(reader, invocation.arguments[0] ?? ''));
    if (options.flag('json')) await terminal.line(jsonLine(story));
    else for (const line of whyPage(terminal, story)) await terminal.line(line);
    return needsPerson(story) ? exitCode.finding : exitCode.ok;
  });
