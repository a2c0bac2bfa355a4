import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** An application of its own, with packages of its own, somewhere below the modules of this project so that these are found too. */
export interface ForeignApp {
  readonly directory: string;
  /** Writes a file of the application. */
  write(path: string, text: string): void;
  /** Installs a package of this project under another name. */
  copyPackage(from: string, to: string): void;
  remove(): void;
}

const modules = realpathSync(join(import.meta.dirname, '..', '..', 'node_modules'));

export function createForeignApp(): ForeignApp {
  const directory = mkdtempSync(join(modules, '.spanledger-app-'));
  const write = (path: string, text: string) => {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  write('package.json', '{"private":true,"type":"commonjs"}');
  return {
    directory,
    write,
    copyPackage: (from, to) => cpSync(join(modules, from), join(directory, 'node_modules', to), { recursive: true }),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
