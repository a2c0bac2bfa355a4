import type { TimelineEntry } from '../reading/timeline.ts';
import type { ListingColumn } from './listing.ts';
import { duration, isoTime } from './quantities.ts';

/** Columns of a timeline: time, elapsed since the start, gap to the entry before, what, result. */
export const timelineColumns: readonly ListingColumn<TimelineEntry>[] = [
  { title: 'TIME', text: ({ time }) => isoTime(time), paint: (_entry, terminal, text) => terminal.style('dim', text) },
  { title: 'ELAPSED', align: 'right', text: ({ elapsed_ms: elapsed }) => duration(elapsed) },
  { title: 'GAP', align: 'right', text: ({ gap_ms: gap }) => (gap === null ? '' : `+${duration(gap)}`) },
  { title: 'WHAT', text: ({ what }) => what },
  { title: 'ITEM', text: ({ item_id: itemId }) => itemId ?? '' },
  { title: 'RESULT', text: ({ result }) => result },
];
