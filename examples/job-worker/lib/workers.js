const often = { pollingIntervalSeconds: 0.5 };

/** Begins to work on both queues. The report has a line for each invoice, and tells when one is mailed. */
export async function startWorkers(boss, { printerSeconds }) {
  const lines = [];
  const mails = new Set();
  await boss.work('invoice', { ...often, includeMetadata: true }, async ([job]) => {
    const { number, customer, cents } = job.data;
    if (cents.length === 0) throw new Error(`order ${number} has no lines`);
    const total = cents.reduce((sum, one) => sum + one, 0);
    await print(printerSeconds);
    lines.push(`${number} invoiced: ${(total / 100).toFixed(2)}`);
    await boss.send('mail', { number, customer });
    return { total };
  });
  await boss.work('mail', { ...often, batchSize: 10 }, async (jobs) => {
    for (const { data } of jobs) mails.add(data.number);
  });
  return {
    lines,
    note: (line) => lines.push(line),
    async mailed(number) {
      while (!mails.has(number)) await new Promise((resolve) => setTimeout(resolve, 50));
      lines.push(`${number} mailed`);
    },
  };
}

async function print(seconds) {
  if (seconds > 0) console.log('printing');
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
