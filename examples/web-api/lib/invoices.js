import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';

/** An invoice for each customer. */
export async function renderInvoices(orders, currency) {
  const customers = new Map();
  for (const order of orders) {
    const { count, cents } = customers.get(order.customer) ?? { count: 0, cents: 0 };
    customers.set(order.customer, { count: count + 1, cents: cents + order.cents });
  }
  await wait(5);
  return Array.from(customers, ([customer, { count, cents }]) => {
    const text = `${customer}: ${count} orders, ${(cents / 100).toFixed(2)} ${currency}`;
    return { customer, cents, currency, seal: createHash('sha256').update(text).digest('hex').slice(0, 16) };
  });
}
