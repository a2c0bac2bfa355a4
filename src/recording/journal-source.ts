import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { processEnvironment } from '../configuration/environment.ts';
import { programVersion, toldOrFound } from '../configuration/program-version.ts';
import type { Journal } from '../journal/journal.ts';
import { openJournal } from '../journal/open-journal.ts';
import { type AttributeResource, resourceText, serviceOf } from '../projection/readable-span.ts';
import { attribute } from '../telemetry/conventions.ts';
import { environmentService } from './environment-service.ts';
import { createRecorder, type Recorder, type RecorderSettings } from './recorder.ts';

/** Where an exporter writes: into a journal that is open, or into one of its own in a directory. */
export type JournalSource = { readonly journal: Journal } | { readonly directory: string };

/** What an exporter takes. */
export type LedgerExporterOptions = JournalSource & RecorderSettings;

/** A recorder, as long as it is needed. */
export interface RecorderLease {
  readonly recorder: Recorder;
  /** Gives the recorder back; a journal that was opened for it is closed by the last one. */
  release(): void;
}

/** Journals that exporters of this process opened, by directory: a process has one journal per directory. */
const open = new Map<string, { readonly journal: Journal; leases: number }>();

/** Opens the recorder of an exporter. The service of `resource` owns the journal, if it has to be opened. */
export function leaseRecorder(options: LedgerExporterOptions, resource: AttributeResource | undefined): RecorderLease {
  if ('journal' in options) {
    return { recorder: createRecorder({ journal: options.journal, settings: options }), release: () => {} };
  }
  const directory = resolve(options.directory);
  const shared = open.get(directory) ?? { journal: openOwnJournal(directory, resource ?? noResource), leases: 0 };
  open.set(directory, shared);
  shared.leases += 1;
  const release = (): void => {
    shared.leases -= 1;
    if (shared.leases > 0) return;
    open.delete(directory);
    shared.journal.close();
  };
  return { recorder: createRecorder({ journal: shared.journal, settings: options }), release };
}

const noResource: AttributeResource = { attributes: {} };

function openOwnJournal(directory: string, resource: AttributeResource): Journal {
  const told = {
    version: resourceText(resource, attribute.serviceVersion),
    revision: resourceText(resource, attribute.revision),
  };
  const owner = {
    instanceId: randomUUID(),
    service: serviceOf(resource) ?? environmentService(),
    host: hostname(),
    pid: process.pid,
    startedAt: Math.round(performance.timeOrigin * 1_000),
    ...toldOrFound(told, programVersion(processEnvironment())),
  };
  return openJournal({ directory, owner });
}
