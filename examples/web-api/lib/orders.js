import { setTimeout as wait } from 'node:timers/promises';

const currencies = ['EUR', 'USD', 'GBP'];

/** The orders of a month, as the shop has them: some hundred a month, paged. */
export async function collectOrders(month) {
  if (!/^\d{4}-(?:0[1-9]|1[0-2])$/.test(month)) {
    throw Object.assign(new Error(`${month} is no month.`), { status: 400 });
  }
  const orders = [];
  for (let page = 0; page < 4; page += 1) {
    await wait(2);
    for (let index = page * 100; index < (page + 1) * 100; index += 1) orders.push(orderOf(month, index));
  }
  return orders;
}

function orderOf(month, index) {
  // In February the shop began to sell to Switzerland.
  const currency = month.endsWith('-02') && index === 317 ? 'CHF' : currencies[index % currencies.length];
  return {
    number: `${month}-${index}`,
    customer: `customer-${index % 40}`,
    cents: 500 + ((index * 7919) % 20_000),
    currency,
  };
}
