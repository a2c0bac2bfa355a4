class OrderBook {
  constructor() {
    this.entries = new Map();
  }

  add(order) {
    if (order.lines.length === 0) throw new Error(`order ${order.number} has no lines`);
    const total = order.lines.reduce((sum, line) => sum + line.cents, 0);
    this.entries.set(order.number, total);
    return total;
  }
}

exports.OrderBook = OrderBook;
