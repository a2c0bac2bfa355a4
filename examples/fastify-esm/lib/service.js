import { fastify } from 'fastify';
import { createParcels } from './parcels.js';

/** The service, not listening yet. It logs with the pino of Fastify. */
export function createService() {
  const service = fastify({ logger: { level: process.env.LOG_LEVEL ?? 'info' } });
  const parcels = createParcels();

  service.get('/parcels/:number', async (request, reply) => {
    const parcel = parcels.find(request.params.number);
    if (parcel === undefined) return reply.code(404).send({ error: 'There is no such parcel.' });
    request.log.info({ parcel: parcel.number, place: parcel.place }, 'parcel found');
    return parcel;
  });

  service.post('/parcels', { schema: { body: parcelSchema } }, async (request, reply) => {
    const parcel = parcels.add(request.body);
    request.log.info({ parcel: parcel.number }, 'parcel announced');
    return reply.code(201).send(parcel);
  });

  service.put('/parcels/:number/place', { schema: { body: placeSchema } }, async (request) => {
    const { number } = request.params;
    const log = request.log.child({ parcel: number });
    log.debug('parcel is moved');
    const parcel = parcels.move(number, request.body.place);
    log.warn({ place: parcel.place }, 'parcel moved');
    return parcel;
  });

  return service;
}

const parcelSchema = {
  type: 'object',
  required: ['number', 'weight'],
  properties: { number: { type: 'string' }, weight: { type: 'number', exclusiveMinimum: 0 } },
};

const placeSchema = { type: 'object', required: ['place'], properties: { place: { type: 'string' } } };
