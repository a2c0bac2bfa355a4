import { clockText } from './chronology.ts';

/** What became of an incident. */
export const incidentStatuses = ['open', 'solved'] as const;
export type IncidentStatus = (typeof incidentStatuses)[number];

/** The lowest first. */
export const incidentPriorities = ['low', 'normal', 'high', 'urgent', 'critical'] as const;
export type IncidentPriority = (typeof incidentPriorities)[number];

/** An incident as it is kept: JSON of plain values, times in ISO 8601. */
export interface Incident {
  readonly id: string;
  readonly title: string;
  readonly status: IncidentStatus;
  readonly priority: IncidentPriority;
  readonly occurred: string;
  readonly solved: string | null;
  readonly owner: string | null;
  /** What is affected. */
  readonly scope: string;
  /** Ids of other incidents. */
  readonly related: readonly string[];
  /** What it is about: the id that `why` takes. */
  readonly subject: { readonly kind: string; readonly id: string };
  /** The verdict when it was opened, in a sentence. */
  readonly verdict: string;
  readonly evidence: readonly string[];
  readonly advice: readonly string[];
  readonly notes: readonly { readonly at: string; readonly text: string }[];
}

/** What a person changes. What is absent stays; related incidents are added. */
export interface IncidentChange {
  readonly title?: string | undefined;
  readonly priority?: IncidentPriority | undefined;
  readonly owner?: string | undefined;
  readonly scope?: string | undefined;
  readonly related?: readonly string[];
  readonly note?: string | undefined;
  readonly status?: IncidentStatus | undefined;
}

/** The incident after a change at that time; the time at which it was first solved stays until it is opened again. */
export function changeIncident(incident: Incident, change: IncidentChange, at: string): Incident {
  const { note, related = [] } = change;
  const status = change.status ?? incident.status;
  return {
    ...incident,
    title: change.title ?? incident.title,
    priority: change.priority ?? incident.priority,
    owner: change.owner ?? incident.owner,
    scope: change.scope ?? incident.scope,
    status,
    solved: status === 'solved' ? (incident.solved ?? at) : null,
    related: [...new Set([...incident.related, ...related])].filter((id) => id !== incident.id),
    notes: note === undefined ? incident.notes : [...incident.notes, { at, text: note }],
  };
}

/** The incident as a page of Markdown. */
export function incidentMarkdown(incident: Incident): string {
  const { occurred, solved, related, subject } = incident;
  const lasted = solved === null ? '' : ` (after ${clockText(Date.parse(solved) - Date.parse(occurred))})`;
  const facts: readonly (readonly [string, string])[] = [
    ['Status', incident.status],
    ['Occurred', occurred],
    ['Solved', solved === null ? '-' : `${solved}${lasted}`],
    ['Priority', incident.priority],
    ['Owner', incident.owner ?? '-'],
    ['Scope', incident.scope],
    ['Related', related.length === 0 ? '-' : related.join(', ')],
    ['About', `${subject.kind} ${subject.id}`],
    ['Verdict', incident.verdict],
  ];
  return [
    `# ${plain(incident.id)}: ${plain(incident.title)}`,
    ['| | |', '|---|---|', ...facts.map(([name, value]) => `| ${name} | ${cell(value)} |`)].join('\n'),
    ...listed('Evidence', incident.evidence),
    ...listed('Advice', incident.advice),
    ...listed(
      'Notes',
      incident.notes.map(({ at, text }) => `${at}: ${text}`),
    ),
  ].join('\n\n');
}

function listed(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`## ${title}`, lines.map((line) => `- ${plain(line)}`).join('\n')];
}

/** On one line, and nothing in it is markup. */
function plain(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/[\\`*_[\]<>]/g, '\\$&');
}

function cell(text: string): string {
  return plain(text).replaceAll('|', '\\|');
}

/** An incident as it was stored; `undefined` where it is none. */
export function parseIncident(value: unknown): Incident | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, status, occurred, subject } = value as Partial<Incident>;
  const isWhole = typeof id === 'string' && typeof occurred === 'string' && typeof subject === 'object';
  return isWhole && incidentStatuses.some((known) => known === status) ? (value as Incident) : undefined;
}
