const { OrderBook } = require('./order-book.cjs');

const book = new OrderBook();

exports.importOrder = async function importOrder(order) {
  if (order.repeats !== undefined) return { status: 'skipped', because: `repeats ${order.repeats}` };
  const total = book.add(order);
  console.log(`order ${order.number}: ${total / 100} EUR`);
  return { status: 'imported', total };
};
