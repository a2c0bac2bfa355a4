// @ts-check
import { Presets, SingleBar } from 'cli-progress';

/**
 * @typedef {object} Progress
 * @property {(done: number, total: number) => void} update
 * @property {() => void} stop
 */

/**
 * Shows how far a run is: a bar on a terminal, elsewhere one line for every tenth.
 * @param {NodeJS.WriteStream} stream
 * @returns {Progress}
 */
export function createProgress(stream) {
  return stream.isTTY ? createBar(stream) : createLines(stream);
}

/**
 * @param {NodeJS.WriteStream} stream
 * @returns {Progress}
 */
function createBar(stream) {
  const format = '{bar} {percentage}%  {value}/{total} files  {duration_formatted}';
  const bar = new SingleBar({ format, stream, hideCursor: true }, Presets.shades_classic);
  return {
    update: (done, total) => (bar.isActive ? bar.update(done) : bar.start(total, done)),
    stop: () => bar.stop(),
  };
}

/**
 * @param {NodeJS.WriteStream} stream
 * @returns {Progress}
 */
function createLines(stream) {
  let tenths = -1;
  return {
    update: (done, total) => {
      const reached = total === 0 ? 10 : Math.floor((done * 10) / total);
      if (reached <= tenths) return;
      tenths = reached;
      stream.write(`${String(reached * 10).padStart(3)} %  ${done}/${total} files\n`);
    },
    stop: () => undefined,
  };
}
