// @ts-check
// The services of `http.js`: `node:http` alone, and Express with a query for each request. Prints its port, and ends when its parent does.
const { createServer } = require('node:http');
const { createRequire } = require('node:module');

const [kind, database, place = ''] = process.argv.slice(2);
// As an application does: from packages of its own, where everybody's instrumentations look for them.
const load = createRequire(place);

const server = createServer(kind === 'express' ? express() : bare);
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) process.stdout.write(`${address.port}\n`);
});
process.on('disconnect', () => process.exit(0));

/** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
function bare(request, response) {
  request.resume().on('end', () => {
    response.setHeader('content-type', 'application/json');
    response.end('{"id":7,"name":"Ann","tags":["one","two"]}');
  });
}

function express() {
  const make = load('express');
  const app = make();
  const pool = new (load('pg').Pool)({ connectionString: database, max: 10 });
  app.use(make.json());
  app.post('/users/:id', async (/** @type {any} */ request, /** @type {any} */ response) => {
    const { rows } = await pool.query('select $1::int as id, $2::text as name', [request.params.id, request.body.name]);
    response.json(rows[0]);
  });
  return app;
}
