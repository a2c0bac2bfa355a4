const { importOrder } = require('./order-import.cjs');

exports.runNight = async function runNight(day, orders) {
  console.log(`night of ${day}: ${orders.length} orders`);
  const summary = { imported: 0, skipped: 0, failed: 0 };
  for (const order of orders) {
    try {
      const result = await importOrder(order);
      summary[result.status] += 1;
    } catch (error) {
      console.log(`order ${order.number}: ${error.message}`);
      summary.failed += 1;
    }
  }
  return summary;
};
