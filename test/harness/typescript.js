// `node --import ./test/harness/typescript.js file.ts` runs TypeScript sources on any supported Node, in processes and worker
// threads alike: Node strips types by itself only from 22.18 on, and our floor is lower.
import { register } from 'node:module';

register('./typescript-loader.js', import.meta.url);
