// Asks the embedded store in argv[2] one question and does not close it.
import '../harness/baseline-wasm.ts';
import { createEmbeddedStore } from '../../src/shipping/embedded-store.ts';

await createEmbeddedStore({ directory: process.argv[2] ?? '' }).query('select 1');
