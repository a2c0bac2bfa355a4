import { SpanledgerError } from '../../domain/errors.ts';
import type { LedgerReader } from './ledger-reader.ts';
import type { SessionRow } from './rows.ts';

/** The session with exactly this id. @throws SpanledgerError NOT_FOUND */
export async function findSession(reader: LedgerReader, id: string): Promise<SessionRow> {
  const [session] = await reader.sessions({ id, last: 1 });
  if (session === undefined) throw new SpanledgerError('NOT_FOUND', { details: { what: 'session', id } });
  return session;
}
