import { convertOrders } from './exchange.js';
import { renderInvoices } from './invoices.js';
import { collectOrders } from './orders.js';

/** Closes a month: all its orders, in one currency, an invoice for each customer. */
export async function closeMonth(store, month, currency) {
  const orders = await collectOrders(month);
  const converted = await convertOrders(orders, currency);
  const invoices = await renderInvoices(converted, currency);
  const stored = await store.save(month, invoices);
  return { month, currency, orders: orders.length, invoices: stored };
}
