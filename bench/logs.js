// What a log line costs a program whose loggers are recorded: `node bench/logs.js [lines]`. Each figure is the best of three processes; the ratio
// is to the same logger without spanledger, in the same run. Lines go to /dev/null, rows to a journal in a temporary directory.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const lines = Number(process.argv[2] ?? 50_000);
const directory = mkdtempSync(join(tmpdir(), 'spanledger-logs-'));
const register = pathToFileURL(join(import.meta.dirname, '..', 'dist', 'register', 'register.js')).href;

/** Writes the lines and tells microseconds per line on standard error. */
const program = `
const sink = require('node:fs').createWriteStream('/dev/null');
const loggers = {
  winston: () => require('winston').createLogger({ transports: [new (require('winston').transports.Stream)({ stream: sink })] }),
  pino: () => require('pino')(require('pino').destination('/dev/null')),
};
const logger = loggers[process.argv[1]]();
const write = process.argv[1] === 'pino' ? (i) => logger.info({ order: i }, 'shipped') : (i) => logger.info('shipped', { order: i });
for (let i = 0; i < 2000; i += 1) write(i);
setImmediate(() => {
  const start = process.hrtime.bigint();
  for (let i = 0; i < ${lines}; i += 1) write(i);
  process.stderr.write('us=' + Number(process.hrtime.bigint() - start) / 1000 / ${lines});
  process.exit();
});
`;

/** @param {string} logger @param {readonly string[]} flags @returns {number} microseconds per line */
function measure(logger, flags) {
  const env = { ...process.env, SPANLEDGER_DIR: join(directory, 'ledger'), SPANLEDGER_LOG_RATE: '0' };
  const options = { cwd: import.meta.dirname, encoding: /** @type {const} */ ('utf8'), env };
  const runs = [1, 2, 3].map(() => {
    const { stderr } = spawnSync(process.execPath, [...flags, '-e', program, logger], options);
    rmSync(join(directory, 'ledger'), { recursive: true, force: true });
    return Number(/us=([\d.]+)/.exec(stderr)?.[1] ?? untold(stderr));
  });
  return Math.min(...runs);
}

/** @param {string} text @returns {never} */
function untold(text) {
  throw new Error(`The program did not tell its time: ${text}`);
}

for (const logger of ['winston', 'pino']) {
  const plain = measure(logger, []);
  const recorded = measure(logger, ['--import', register]);
  const ratio = (recorded / plain).toFixed(1);
  console.log(`${logger}: ${plain.toFixed(1)} µs a line alone, ${recorded.toFixed(1)} µs recorded (${ratio} x)`);
}
rmSync(directory, { recursive: true, force: true });
