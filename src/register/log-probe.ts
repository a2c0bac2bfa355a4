import * as api from '@opentelemetry/api';
import { logProvider } from '../instrument/log-provider.ts';
import type { FileJournal } from '../journal/open-journal.ts';

/** Whether what a program logs is recorded: one record, sent on its way and looked for at its end. */
export interface LogProbe {
  /** `recorded`: it stands in the journal; `lost`: there is a log provider, and it did not; `silent`: nobody takes log records. */
  readonly status: 'recorded' | 'lost' | 'silent';
  /** Name of the logger: one that nobody has set up, as those of the libraries of a program. */
  readonly logger: string;
}

const logger = 'spanledger.probe.child';

/**
 * Logs one line through a logger that nobody has configured, and looks whether the journal has taken it: the whole path that the log
 * lines of libraries go. The line is a row of the ledger like any other. Never throws.
 */
export function probeLog(journal: Pick<FileJournal, 'stats'>): LogProbe {
  const provider = logProvider();
  if (provider === undefined) return { status: 'silent', logger };
  const before = taken(journal);
  try {
    provider.getLogger(logger).emit({
      severityNumber: infoSeverity,
      severityText: 'INFO',
      body: 'The log path was tested at start.',
      context: api.context.active(),
    });
  } catch (error) {
    api.diag.warn('The log path could not be tested.', error);
  }
  return { status: taken(journal) > before ? 'recorded' : 'lost', logger };
}

const infoSeverity = 9;

/** Audit records that the journal has written, or keeps for a disk that refuses them. */
function taken(journal: Pick<FileJournal, 'stats'>): number {
  const { appended, waitingByClass } = journal.stats();
  return appended.audit + waitingByClass.audit;
}
