// A program whose main thread never comes back, right after the call that its argument names. Runs with `--import spanledger/register`.
import { openSync, writeSync } from 'node:fs';
import { openSession } from 'spanledger';

const { name, acknowledgements, last } = JSON.parse(process.env.LOAD);
const file = openSync(acknowledgements, 'a');
const session = await openSession({ id: name, kind: 'load' });
const item = session.startItem({ id: 'i0' });
writeSync(file, `claim ${name} i0\n`);
if (last === 'transition') {
  item.to('checking');
  writeSync(file, `to ${name} i0 checking\n`);
} else {
  item.startStep('read');
  writeSync(file, `start ${name} i0 read\n`);
}
// Written to the parent at once: nothing asynchronous happens from here on.
writeSync(1, `blocked ${Date.now()}\n`);
while (true) {
  // For ever.
}
