import { diag } from '@opentelemetry/api';
import { createConfiguredSanitizer, redactionOf } from '../configuration/redaction.ts';
import type { Settings } from '../configuration/setting-table.ts';
import type { JournalOptions } from '../journal/open-journal.ts';
import type { JournalOwner } from '../projection/record.ts';
import { setSanitizer } from '../storable/sanitizer.ts';
import { setSessionHistory } from '../telemetry/history.ts';
import { setSessionDefaults } from '../telemetry/session-defaults.ts';
import { type ExportPlans, noExports } from './export-plan.ts';
import { createSessionHistory } from './session-history.ts';
import { sessionStores } from './session-stores.ts';

/** What the parts have in common. */
export interface LedgerPlace {
  readonly settings: Settings;
  /** The spanledger directory, absolute. */
  readonly directory: string;
  readonly owner: JournalOwner;
}

/** Hands the settings to the layers that know nothing of configuration. */
export function applySettings(
  { settings, directory }: Pick<LedgerPlace, 'settings' | 'directory'>,
  plans: ExportPlans,
): void {
  setSanitizer(createConfiguredSanitizer(redactionOf(settings)));
  // Whoever brings an SDK of their own may have a place for logs that the environment does not tell of.
  const isLogHeard = plans === noExports || plans.logs.exporters.length > 0;
  setSessionDefaults({
    progressEvery: settings.progressEvery,
    transitions: settings.transitions,
    stepEvents: settings.stepEvents && isLogHeard,
  });
  setSessionHistory(createSessionHistory({ directory, ...sessionStores(settings, directory) }));
}

/** The journal of this process or thread, as the settings want it. */
export function journalOptions({ settings, directory, owner }: LedgerPlace): JournalOptions {
  return {
    directory,
    owner,
    maxBytes: settings.journalMaxBytes,
    onTrouble: ({ message, action }) => diag.error(`${message} ${action}`),
    onRecovery: () => diag.warn('The journal can be written again.'),
  };
}
