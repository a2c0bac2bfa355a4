// @ts-check
import { createReadStream, linkSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** A segment is linked long before it can be removed: it grows to 8 MiB first, or its writer dies. */
const lookMillis = 50;
const newline = 10;

/**
 * Counts the records of every segment of a spanledger directory from outside, without the code that wrote them: what is removed once it
 * was shipped has a second name until it is counted.
 * @param {string} ledger
 * @param {string} into
 */
export function countLines(ledger, into) {
  mkdirSync(into, { recursive: true });
  const journal = join(ledger, 'journal');
  /** Segments seen, by `instance segment`. @type {Set<string>} */
  const known = new Set();
  /** Those that nobody adds to any more. @type {Map<string, number>} */
  const counted = new Map();
  let counting = Promise.resolve();

  const look = () => {
    for (const instance of list(journal)) {
      const names = list(join(journal, instance)).filter((name) => name.endsWith('.log'));
      for (const name of names.sort()) remember(instance, name);
    }
  };
  /** @param {string} instance @param {string} name */
  const remember = (instance, name) => {
    const key = `${instance} ${name.slice(0, -'.log'.length)}`;
    if (known.has(key)) return;
    if (!link(join(journal, instance, name), join(into, key))) return;
    known.add(key);
    const [before] = [...known].filter((other) => laneOf(other) === laneOf(key) && other < key && !counted.has(other));
    if (before !== undefined) counting = counting.then(() => count(before));
  };
  /** @param {string} key */
  const count = async (key) => {
    if (counted.has(key)) return;
    counted.set(key, await recordsIn(join(into, key)));
    rmSync(join(into, key));
  };
  const timer = setInterval(look, lookMillis);
  return {
    look,
    /** Records by `instance segment`. Call it when all writers have ended. */
    async total() {
      clearInterval(timer);
      look();
      await counting;
      for (const key of known) await count(key);
      return counted;
    },
    close: () => clearInterval(timer),
  };
}

/** Each writer of an instance has a lane of segments of its own; they are numbered. @param {string} key */
function laneOf(key) {
  return key.replace(/\d+$/, '');
}

/** Complete lines but the first, which is a header; a torn end is no line. @param {string} path */
async function recordsIn(path) {
  let lines = 0;
  for await (const chunk of createReadStream(path)) {
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, at + 1)) lines += 1;
  }
  return Math.max(0, lines - 1);
}

/** @param {string} path */
function list(path) {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** @param {string} from @param {string} to */
function link(from, to) {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    // Gone between two looks: then its shipment has no counterpart, and the sums say so.
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return false;
    throw error;
  }
}
