import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { oomKillsSince, readOwnOomCounter } from '../../src/journal/oom-counter.ts';

const root = mkdtempSync(join(tmpdir(), 'spanledger-cgroup-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function cgroup(name: string, file: string, memberships: string) {
  const mount = join(root, name);
  const path = join(mount, file);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(join(mount, 'memberships'), memberships);
  const set = (kills: number) => writeFileSync(path, `low 0\nhigh 3\noom 9\noom_kill ${kills}\n`);
  return { set, path, read: () => readOwnOomCounter(join(mount, 'memberships'), mount) };
}

it.each([
  ['v2', 'services/app/memory.events.local', '0::/services/app\n'],
  ['v2 without local events', 'services/app/memory.events', '0::/services/app\n'],
  ['v2 in a container', 'memory.events', '0::/docker/4711\n'],
  ['v1', 'memory/services/app/memory.oom_control', '5:cpu:/x\n4:memory:/services/app\n0::/\n'],
])('reads the counter of cgroup %s, and how it rises', (name, file, memberships) => {
  const { set, path, read } = cgroup(name, file, memberships);
  set(2);
  const before = read();
  expect(before).toMatchObject({ path, kills: 2 });
  if (before === undefined) return;
  expect(oomKillsSince(before)).toEqual({ before: 2, after: 2 });
  set(3);
  expect(oomKillsSince(before)).toEqual({ before: 2, after: 3 });
  expect(oomKillsSince({ ...before, cgroup: 'another' })).toBeUndefined();
});

it('reads none where there is none', () => {
  expect(readOwnOomCounter(join(root, 'nowhere'), join(root, 'nowhere'))).toBeUndefined();
});
