import { chmodSync, chownSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { foreignFiles, inheritOwnerBelow } from '../../../src/journal/ownership.ts';
import { runCli } from '../cli-process.ts';
import { sampleRecords, temporaryDirectory, writeJournal } from '../written-ledger.ts';

const service = { uid: 4711, gid: 4712 };
// Only root can give a file away, and only Linux tells where an open file really is.
const canGive = process.platform === 'linux' && process.geteuid?.() === 0;

// The embedded store takes a machine that is busy with other tests a while.
describe.runIf(canGive)(
  'a command that root runs for a service (runs as root on Linux only)',
  { timeout: 180_000 },
  () => {
    it('leaves nothing that the service cannot write, and doctor tells of what another has left', async () => {
      const directory = temporaryDirectory();
      chmodSync(directory, 0o700);
      writeJournal(directory, sampleRecords());
      chownSync(directory, service.uid, service.gid);
      inheritOwnerBelow(directory);
      const place = { environment: { SPANLEDGER_DIR: directory } };
      expect(await runCli(['ship'], place)).toMatchObject({ code: 0 });
      expect(await runCli(['incident', 'open', '12', '--title', 'slow'], place)).toMatchObject({ code: 0 });
      expect(existsSync(join(directory, 'store', 'complete'))).toBe(true);
      expect(foreignFiles(directory)).toBeUndefined();

      writeFileSync(join(directory, 'stray'), '');
      const { output } = await runCli(['doctor'], place);
      expect(output).toContain(`1 file in ${directory}`);
      expect(output).toContain(`chown -R 4711:4712 ${directory}`);
    });
  },
);
