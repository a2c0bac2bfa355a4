import type { JournalOwner } from '../projection/record.ts';
import { journalFormat } from './layout.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** The first line of a segment, and the whole of `owner.json`. */
export interface SegmentHeader {
  readonly format: number;
  readonly owner: JournalOwner;
  readonly process?: ProcessIdentity;
}

/** The header as the writer of this version writes it. */
export function createSegmentHeader(owner: JournalOwner, identity: ProcessIdentity | undefined): SegmentHeader {
  return { format: journalFormat, owner, ...(identity === undefined ? {} : { process: identity }) };
}

/** What a header says: usable, of a format that this version does not know, or no header at all. */
export type HeaderReading =
  | { readonly status: 'known'; readonly header: SegmentHeader }
  | { readonly status: 'newer'; readonly format: number }
  | { readonly status: 'none' };

export function parseSegmentHeader(json: string): HeaderReading {
  const { format, owner: ownerValue, process: processValue } = parseObject(json) ?? {};
  if (typeof format !== 'number') return { status: 'none' };
  if (format > journalFormat) return { status: 'newer', format };
  const owner = parseOwner(ownerValue);
  if (owner === undefined) return { status: 'none' };
  const identity = parseIdentity(processValue);
  return { status: 'known', header: { format, owner, ...(identity === undefined ? {} : { process: identity }) } };
}

function parseObject(json: string): Record<string, unknown> | undefined {
  try {
    return toObject(JSON.parse(json));
  } catch {
    return undefined;
  }
}

function toObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function parseOwner(value: unknown): JournalOwner | undefined {
  const { instanceId, service, host, pid, startedAt, version, revision } = toObject(value) ?? {};
  if (typeof instanceId !== 'string' || typeof service !== 'string' || typeof host !== 'string') return undefined;
  if (typeof pid !== 'number' || typeof startedAt !== 'number') return undefined;
  return {
    instanceId,
    service,
    host,
    pid,
    startedAt,
    ...(typeof version === 'string' && { version }),
    ...(typeof revision === 'string' && { revision }),
  };
}

function parseIdentity(value: unknown): ProcessIdentity | undefined {
  const { bootId, pidNamespace, startTicks } = toObject(value) ?? {};
  if (typeof bootId !== 'string' || typeof pidNamespace !== 'string' || typeof startTicks !== 'number')
    return undefined;
  return { bootId, pidNamespace, startTicks };
}
