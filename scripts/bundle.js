// Puts the modules that a program and its threads load into a few files: each module of its own costs Node.js a millisecond at the start,
// and there are three hundred. All files stay where they are, for the command line, for tools and for their types; those that are loaded
// first are replaced by files that load the bundle. Dependencies stay outside: the program may use them too.
import { relative, sep } from 'node:path';
import { rolldown } from 'rolldown';

/** Threads share no module with the main thread, and are to load none that they do not need. */
const bundles = {
  main: ['index', 'register/register', 'recording/index'],
  thread: ['register/courier-thread', 'register/guard-thread', 'watchdog/watchdog-thread'],
};

/** @param {string} directory of the compiled modules */
export async function bundle(directory) {
  for (const [name, entries] of Object.entries(bundles)) await write(directory, name, entries);
}

/** @param {string} directory @param {string} name @param {readonly string[]} entries */
async function write(directory, name, entries) {
  const build = await rolldown({
    input: Object.fromEntries(entries.map((entry) => [entry, `${directory}/${entry}.js`])),
    platform: 'node',
    external: (id) => !id.startsWith('.') && !id.startsWith(sep) && !/^[A-Za-z]:/.test(id),
    plugins: [
      {
        name: 'places',
        transform: (code, id) => placed(code, relative(directory, id)),
        renderChunk: (code, { fileName }) => ({
          code: fileName.includes('/') ? code : code.replaceAll(placeIn, 'new URL(".'),
          map: null,
        }),
      },
    ],
    // A bundle that does not hold what its modules expect is none.
    onLog: (level, log) => {
      if (level === 'warn') throw new Error(log.message);
    },
  });
  await build.write({
    dir: directory,
    format: 'esm',
    sourcemap: true,
    entryFileNames: '[name].js',
    chunkFileNames: `bundle/${name}-[name].js`,
  });
  await build.close();
}

/** Chunks stand in a folder, but for `index.js`, of which this becomes `new URL("./`, one step less. */
const placeIn = 'new URL("..';

/** Modules find files beside them, and what they require, from where they were. @param {string} code @param {string} path */
function placed(code, path) {
  if (!code.includes('import.meta.url') || path.endsWith('call-site.js')) return undefined;
  const place = `new URL(${JSON.stringify(`../${path.replaceAll(sep, '/')}`)}, import.meta.url).href`;
  return { code: code.replaceAll('import.meta.url', place), map: null };
}
