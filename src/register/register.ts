import { register } from './registration.ts';

/** `node --import spanledger/register app.js`: what it does is in {@link register}. */
register();
