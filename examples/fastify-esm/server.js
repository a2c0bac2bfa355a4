// A service that knows where parcels are. Nothing in it knows of spanledger.
//
//   node --import spanledger/register server.js
import { createService } from './lib/service.js';

const service = createService();
await service.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) });

for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void service.close());
