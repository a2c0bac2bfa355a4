import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where a line was written. */
export interface CallSite {
  readonly file: string;
  readonly line: number;
  readonly function?: string;
}

const deepest = 32;
/** Ours and winston's: the call came in through these. Ours are those beside this file, which in a bundle are all. */
const inner = [`${sep}node_modules${sep}winston${sep}`, fileURLToPath(new URL('.', import.meta.url))];
const patched = fileURLToPath(new URL('../instrument/', import.meta.url));

/** The place in the program that called the logger which is at work; `undefined` where the stack does not show it. */
export function callSite(): CallSite | undefined {
  const { stackTraceLimit, prepareStackTrace } = Error;
  const holder: { stack?: unknown } = {};
  Error.stackTraceLimit = deepest;
  Error.prepareStackTrace = (_, sites) => sites;
  try {
    Error.captureStackTrace(holder, callSite);
    return outermost(holder.stack);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    Error.prepareStackTrace = prepareStackTrace;
  }
}

/** What may stand between ours and winston's. Behind anything else ours may have called the program, which is no matter of this call. */
const between = /^$|^node:|[\\/]node_modules[\\/](?:readable-stream|logform|winston-transport|pino|bunyan)[\\/]/;

function outermost(stack: unknown): CallSite | undefined {
  const all = Array.isArray(stack) ? (stack as readonly NodeJS.CallSite[]) : [];
  const end = all.findIndex((site) => !isInner(pathOf(site)) && !between.test(pathOf(site)));
  const sites = end < 0 ? all : all.slice(0, end + 1);
  const last = sites.findLastIndex((site) => isInner(pathOf(site)));
  const site = sites[last + 1];
  if (last < 0 || site === undefined) return undefined;
  const name = site.getFunctionName();
  return { file: pathOf(site), line: site.getLineNumber() ?? 0, ...(name !== null && { function: name }) };
}

function isInner(path: string): boolean {
  return path.startsWith(patched) || inner.some((part) => path.includes(part));
}

function pathOf(site: NodeJS.CallSite): string {
  const name = site.getFileName() ?? '';
  return name.startsWith('file:') ? fileURLToPath(name) : name;
}
