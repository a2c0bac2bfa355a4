// A reporter for `node --test`: a line of JSON for each test that has ended, under a name that is the same in each run.
import { relative } from 'node:path';

/** @param {AsyncIterable<{ type: string, data: any }>} events */
export default async function* report(events) {
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    // A file is reported as a test of its own, which says nothing that its tests do not.
    if (data.file === undefined || data.name === data.file) continue;
    const isLeftOut = data.skip !== undefined || data.todo !== undefined;
    const name = `${relative(process.cwd(), data.file)}:${data.line} ${data.name}`;
    yield `${JSON.stringify({ name, status: isLeftOut ? 'skipped' : type === 'test:pass' ? 'passed' : 'failed' })}\n`;
  }
}
