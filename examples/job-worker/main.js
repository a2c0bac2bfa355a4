// The orders of a shop as jobs of pg-boss: each gets an invoice, and each invoice is mailed. Nothing in it knows of spanledger.
//
//   node --import spanledger/register main.js                  hands over five orders, works on them, and ends
//   node --import spanledger/register main.js --seconds 600    the same, with a printer that takes ten minutes for an invoice
import { parseArgs } from 'node:util';
import { orders } from './lib/orders.js';
import { openQueues } from './lib/queues.js';
import { startWorkers } from './lib/workers.js';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '0' } } });
const { boss, close } = await openQueues(process.env.SHOP_DATABASE_URL ?? process.env.DATABASE_URL);

const jobs = [];
for (const order of orders) jobs.push(await boss.send('invoice', order, { retryLimit: 1, retryDelay: 0 }));
const report = await startWorkers(boss, { printerSeconds: Number(values.seconds) });
console.log(`${jobs.length} orders`);

for (const id of jobs) {
  let job;
  do {
    await new Promise((resolve) => setTimeout(resolve, 100));
    job = await boss.getJobById('invoice', id);
  } while (job.state !== 'completed' && job.state !== 'failed');
  if (job.state === 'completed') await report.mailed(job.data.number);
  else report.note(`${job.data.number} failed after ${job.retryCount + 1} attempts: ${job.output.message}`);
}
console.log(report.lines.sort().join('\n'));
await close();
