// @ts-check
// Builds a program with real releases of Next.js, runs it in all its ways as it is and with `--import spanledger/register`, and holds
// answers against answers and rows against the routes that were asked for. Ends with another code than 0 where any differs.
//
//   node scripts/next.js [14 15 16]
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { files, requests } from './next/program.js';

const root = join(import.meta.dirname, '..');
const register = pathToFileURL(join(root, 'dist', 'register', 'register.js')).href;
const majors = process.argv.length > 2 ? process.argv.slice(2) : ['14', '15', '16'];
const last = 'GET /last';
/** How it is started, from the folder of the program. */
const ways = {
  'next start': ['node_modules/next/dist/bin/next', 'start'],
  'a server of its own': ['server.js'],
  'standalone output': ['.next/standalone/server.js'],
};

for (const major of majors) {
  const folder = mkdtempSync(join(tmpdir(), `spanledger-next-${major}-`));
  try {
    const version = build(folder, major);
    for (const [name, argv] of Object.entries(ways)) {
      const found = await examine(folder, argv);
      console.log(`Next.js ${version}, ${name}: ${requests.length} requests, ${found.length} found wrong`);
      for (const one of found) console.log(`  ${one}`);
      if (found.length > 0) process.exitCode = 1;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} folder @param {string} major */
function build(folder, major) {
  const react = Number(major) < 15 ? '18' : '19';
  const dependencies = { next: major, react, 'react-dom': react };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], folder);
  run('npx', ['next', 'build'], folder);
  const standalone = join(folder, '.next', 'standalone');
  for (const path of ['public', '.next/static'])
    cpSync(join(folder, path), join(standalone, path), { recursive: true });
  return run('node', ['-p', "require('next/package.json').version"], folder).trim();
}

/** @param {string} command @param {readonly string[]} argv @param {string} cwd */
function run(command, argv, cwd) {
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' };
  const { status, stdout, stderr } = spawnSync(command, argv, { cwd, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${argv.join(' ')} ended with ${status}: ${stdout}${stderr}`);
  return stdout;
}

/** What is wrong with one way to run it. @param {string} folder @param {readonly string[]} argv */
async function examine(folder, argv) {
  const directory = mkdtempSync(join(tmpdir(), 'spanledger-next-journal-'));
  try {
    const port = await freePort();
    const plain = await answersOf(port, folder, argv, {});
    const recorded = await answersOf(port, folder, ['--import', register, ...argv], {
      SPANLEDGER_DIR: directory,
      SPANLEDGER_CORRELATION_HEADER: 'none',
      SPANLEDGER_REQUEST_BODIES: 'on',
    });
    const list = ['dist/cli/main.js', 'requests', '--json', '--last', '1000', '--dir', directory];
    const rows = run('node', list, root)
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    return wrongIn(plain, recorded, rows);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @param {readonly string[]} plain @param {readonly string[]} recorded @param {readonly Record<string, unknown>[]} rows */
function wrongIn(plain, recorded, rows) {
  const found = requests.flatMap(([request, status], index) => [
    ...(plain[index]?.startsWith(`HTTP/1.1 ${status} `)
      ? []
      : [`${request} was answered ${plain[index]?.slice(0, 40)}`]),
    ...(plain[index] === recorded[index] ? [] : [`${request} has another answer with the flag`]),
  ]);
  const told = rows
    .map(({ method, endpoint, response_status, route }) => `${method} ${endpoint} ${response_status} ${route}`)
    .filter((one) => !one.startsWith(`${last} `));
  const wanted = requests.map(([request, status, route]) => `${request} ${status} ${route}`);
  const missing = wanted.filter((one) => !told.includes(one)).map((one) => `no row ${one}`);
  const more = told.filter((one, index) => !wanted.includes(one) || told.indexOf(one) !== index);
  return [...found, ...missing, ...more.map((one) => `a row too many ${one}`)];
}

/** @param {number} port @param {string} cwd @param {readonly string[]} argv @param {Readonly<Record<string, string>>} more */
async function answersOf(port, cwd, argv, more) {
  const env = { ...process.env, PORT: `${port}`, HOSTNAME: '0.0.0.0', NODE_ENV: 'production', ...more };
  const child = spawn('node', argv, { cwd, env, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    const until = Date.now() + 60_000;
    while (!(await isOpen(port))) {
      if (Date.now() > until || child.exitCode !== null) throw new Error(`${argv.join(' ')} does not listen.`);
      await sleep(100);
    }
    const answers = [];
    for (const [request] of requests) answers.push(await ask(port, request));
    // When this one is answered, the server has closed the connections of all others.
    await ask(port, last);
    return answers;
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** @param {number} port @returns {Promise<boolean>} */
function isOpen(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket.end() !== undefined)).on('error', () =>
      resolve(false),
    );
  });
}

/** Everything that is answered, but for the date. @param {number} port @param {string} request @returns {Promise<string>} */
function ask(port, request) {
  const body = request.startsWith('POST') ? '{"a":1}' : '';
  const type = body === '' ? '' : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1');
    socket.setEncoding('latin1').on('data', (text) => {
      answer += text;
    });
    socket.on('error', reject).on('close', () => resolve(answer.replace(/^Date: .*\r\n/im, '')));
    socket.write(`${request} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n${type}\r\n${body}`);
  });
}
