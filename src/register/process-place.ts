import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import type { Attributes } from '@opentelemetry/api';
import type { Environment } from '../configuration/environment.ts';
import type { JournalOwner } from '../projection/record.ts';
import type { CourierLine } from './courier-line.ts';

/** What a worker thread has to know of the process that it is part of. */
export interface ProcessPlace {
  /** The spanledger directory, absolute. */
  readonly directory: string;
  /** The thread that starts it: the main thread, or a worker thread. */
  readonly parent: JournalOwner;
  /** Attributes of the resource of that thread. */
  readonly resource: Attributes;
  /** The settings of the process, which hold in all of its threads, whatever environment they are given. */
  readonly environment: Environment;
  /** How what is sent over OTLP gets to the courier thread; absent where there is none. */
  readonly courier?: CourierLine;
  /** Where threads note that they have handed over what they held; see `threads.ts`. */
  readonly answers: Int32Array;
}

const key = 'spanledger.place.v1';
const namesOfSettings = /^(?:SPANLEDGER|OTEL)_|^DATABASE_URL$|^PG[A-Z]+$/;

/** Tells the threads that this one starts from now on where they are. */
export function tellPlace(place: ProcessPlace): void {
  setEnvironmentData(key, place as unknown as Parameters<typeof setEnvironmentData>[1]);
}

/** Where this worker thread is; `undefined` where the thread that has started it does not have spanledger. */
export function processPlace(): ProcessPlace | undefined {
  return getEnvironmentData(key) as unknown as ProcessPlace | undefined;
}

/** The variables that say how spanledger works. */
export function settingsOf(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => namesOfSettings.test(name)));
}
