import { describe, expect, it } from 'vitest';
import { changeIncident, type Incident, incidentMarkdown, parseIncident } from '../../src/domain/incident.ts';

const incident: Incident = {
  id: 'inc-1',
  title: 'nightly | sync is stuck',
  status: 'open',
  priority: 'high',
  occurred: '2026-01-30T07:19:50.000Z',
  solved: null,
  owner: null,
  scope: 'session nightly-5',
  related: [],
  subject: { kind: 'session', id: 'nightly-5' },
  verdict: 'stuck: no progress',
  evidence: ['silent and *busy*\n# no heading'],
  advice: [],
  notes: [],
};
const solvedAt = '2026-01-30T16:37:10.000Z';

describe('S2.6 an incident', () => {
  it('changes only in what is given, and keeps its notes', () => {
    const changed = changeIncident(incident, { owner: 'ann', related: ['inc-2', 'inc-1'], note: 'looked' }, solvedAt);
    expect(changed).toEqual({
      ...incident,
      owner: 'ann',
      related: ['inc-2'],
      notes: [{ at: solvedAt, text: 'looked' }],
    });
  });

  it('is solved once, and opened again', () => {
    const solved = changeIncident(incident, { status: 'solved' }, solvedAt);
    expect(solved).toMatchObject({ status: 'solved', solved: solvedAt });
    expect(changeIncident(solved, { status: 'solved' }, '2027-01-01T00:00:00.000Z').solved).toBe(solvedAt);
    expect(changeIncident(solved, { status: 'open' }, solvedAt)).toMatchObject({ status: 'open', solved: null });
  });

  it('is a page of Markdown that its data cannot break', () => {
    const page = incidentMarkdown(changeIncident(incident, { status: 'solved' }, solvedAt));
    expect(page.split('\n')[0]).toBe('# inc-1: nightly | sync is stuck');
    expect(page).toContain('| Solved | 2026-01-30T16:37:10.000Z (after 9:17:20) |');
    expect(page).toContain('| Owner | - |');
    expect(page).toContain('- silent and \\*busy\\* # no heading');
    expect(incidentMarkdown({ ...incident, scope: 'a | b' })).toContain('| Scope | a \\| b |');
  });

  it('is read only where it is one', () => {
    expect(parseIncident(incident)).toEqual(incident);
    for (const other of [null, 'inc-1', {}, { ...incident, status: 'unknown' }])
      expect(parseIncident(other)).toBeUndefined();
  });
});
