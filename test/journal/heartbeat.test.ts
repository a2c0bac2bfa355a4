import { describe, expect, it } from 'vitest';
import { readHeartbeat, writeHeartbeat } from '../../src/journal/heartbeat.ts';
import { FailingDisk } from './failing-disk.ts';
import { createPlace } from './journal-place.ts';

/** A disk that takes no new files, but lets those be written over that are there. */
class FullDisk extends FailingDisk {
  override openSync(path: string, flags: string, mode: number): number {
    if (flags !== 'r+') throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    return super.openSync(path, flags, mode);
  }
}

describe('the sign of life on a full disk', () => {
  it('is written over the one before, whatever the length of either', () => {
    const place = createPlace();
    writeHeartbeat(place, { at: 1, figures: { rssBytes: 123_456_789 } });
    for (const heartbeat of [{ at: 2 }, { at: 3, figures: { dropped: { request: { 'disk-full': 7 } } } }]) {
      writeHeartbeat(place, heartbeat, new FullDisk());
      expect(readHeartbeat(place)).toEqual(heartbeat);
    }
  });

  it('cannot be made where there was none', () => {
    expect(() => writeHeartbeat(createPlace(), { at: 1 }, new FullDisk())).toThrow('ENOENT');
  });
});
