// A batch as it has run every night for years. Nothing in it knows of spanledger; spanledger.yaml beside it says what is recorded.
// node --import spanledger/register main.cjs

const { runNight } = require('./lib/night.cjs');
const { orders } = require('./lib/orders.cjs');

runNight('2026-03-01', orders).then((summary) => {
  console.log(`imported ${summary.imported}, skipped ${summary.skipped}, failed ${summary.failed}`);
  process.exitCode = summary.failed > 0 ? 3 : 0;
});
