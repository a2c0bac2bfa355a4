// The back office of a shop: orders come in all month, and once a month it is closed, which takes a while. Nothing in it knows of spanledger.
//
//   node --import spanledger/register server.js
import { createApp } from './lib/app.js';
import { createInvoiceStore } from './lib/invoice-store.js';

const store = await createInvoiceStore(process.env.SHOP_DATABASE_URL);
const server = createApp(store).listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`listening on ${server.address().port}`);
});

process.once('SIGTERM', stop);
process.once('SIGINT', stop);

function stop() {
  server.close(() => store.close());
  server.closeIdleConnections();
}
