import { Socket } from 'node:net';
import { diag } from '@opentelemetry/api';
import type { HealthFacts } from '../domain/health.ts';
import type { JournalOwner } from '../projection/record.ts';
import type { GuardData, SupervisorPlace } from './guard.ts';

/** What a program tells its supervisor, a line of JSON each. */
export type SupervisorMessage =
  | { readonly type: 'hello'; readonly owner: JournalOwner; readonly directory: string }
  | { readonly type: 'pulse'; readonly lateMillis: number };

const pulseMillis = 1000;

/**
 * Tells the supervisor who this is and how late the main thread is, once a second. When the supervisor is gone, however it went, this
 * program ends: SIGTERM first, and SIGKILL, with the process group it leads, if it has not ended by itself.
 */
export function keepSupervisorInformed(
  place: SupervisorPlace,
  { owner, directory }: Pick<GuardData, 'owner' | 'directory'>,
  facts: () => HealthFacts,
): void {
  const socket = new Socket({ fd: place.descriptor, readable: true, writable: true });
  const tell = (message: SupervisorMessage) => socket.write(`${JSON.stringify(message)}\n`);
  tell({ type: 'hello', owner, directory });
  const timer = setInterval(() => tell({ type: 'pulse', lateMillis: facts().lateMillis }), pulseMillis);
  let isOver = false;
  const leave = () => {
    if (isOver) return;
    isOver = true;
    clearInterval(timer);
    diag.warn(`The supervisor ${place.pid} is gone; this program ends too.`);
    process.kill(process.pid, 'SIGTERM');
    setTimeout(() => process.kill(place.leadsGroup ? -process.pid : process.pid, 'SIGKILL'), place.graceMillis);
  };
  socket.on('error', leave);
  socket.on('close', leave);
  socket.on('end', leave);
  socket.resume();
}
