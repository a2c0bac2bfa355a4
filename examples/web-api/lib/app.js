import express from 'express';
import { closeMonth } from './month-closing.js';

/** The service, with whatever keeps its invoices. */
export function createApp(store) {
  const app = express();
  app.use(express.json());

  app.get('/months/:month/invoices', async (request, response) => {
    response.json(await store.list(request.params.month));
  });

  app.post('/months/:month/closing', async (request, response) => {
    const { currency = 'EUR' } = request.body ?? {};
    const summary = await closeMonth(store, request.params.month, currency);
    response.status(201).location(`/months/${request.params.month}/invoices`).json(summary);
  });

  app.use((error, request, response, _next) => {
    console.error(`${request.method} ${request.path}: ${error.message}`);
    response.status(error.status ?? 500).json({ error: 'That did not work. We are told of it.' });
  });
  return app;
}
