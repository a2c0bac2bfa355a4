import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AnyMap, originalPositionFor, type TraceMap } from '@jridgewell/trace-mapping';
import type { StackFrame } from '../journal/process-state.ts';
import type { Sanitizer } from '../storable/sanitizer.ts';
import type { RawFrame } from './stack-sampler.ts';

/** Reading one takes some times its size of memory, and the thread has little. */
const maxMapBytes = 16 * 1024 * 1024;
const maxMaps = 8;
const maxName = 200;

/** Frames in the source as it was written, redacted. Maps are read when they are needed and remembered, a few of them. */
export function createFrameReader(sanitizer: Sanitizer): (frame: RawFrame) => StackFrame {
  const maps = new Map<string, TraceMap | undefined>();
  const mapOf = ({ url, sourceMapUrl }: RawFrame): TraceMap | undefined => {
    if (sourceMapUrl === '') return undefined;
    if (!maps.has(url)) {
      if (maps.size >= maxMaps) maps.clear();
      maps.set(url, readMap(url, sourceMapUrl));
    }
    return maps.get(url);
  };
  return (raw) => {
    const place = originalPlace(raw, mapOf(raw)) ?? { file: raw.url, line: raw.line + 1, column: raw.column + 1 };
    return {
      function: sanitizer.text(raw.function === '' ? '(anonymous)' : raw.function, maxName),
      file: sanitizer.text(toPath(place.file)),
      line: place.line,
      column: place.column,
    };
  };
}

type Place = Pick<StackFrame, 'file' | 'line' | 'column'>;

function originalPlace({ line, column }: RawFrame, map: TraceMap | undefined): Place | undefined {
  if (map === undefined) return undefined;
  const found = originalPositionFor(map, { line: line + 1, column });
  return found.source === null ? undefined : { file: found.source, line: found.line, column: found.column + 1 };
}

/** A map that is missing, damaged or too large is none: the place in the code that runs is told then. */
function readMap(scriptUrl: string, mapUrl: string): TraceMap | undefined {
  try {
    const data = /^data:[^,]*?(;base64)?,(.*)$/s.exec(mapUrl);
    if (data !== null) {
      const [, base64, body = ''] = data;
      if (body.length > maxMapBytes) return undefined;
      const text = base64 === undefined ? decodeURIComponent(body) : Buffer.from(body, 'base64').toString('utf8');
      return new AnyMap(text, scriptUrl);
    }
    const url = new URL(mapUrl, scriptUrl);
    if (url.protocol !== 'file:' || statSync(url).size > maxMapBytes) return undefined;
    return new AnyMap(readFileSync(url, 'utf8'), url.href);
  } catch {
    return undefined;
  }
}

function toPath(url: string): string {
  if (url === '') return '(no file)';
  try {
    return url.startsWith('file:') ? fileURLToPath(url) : url;
  } catch {
    return url;
  }
}

/** The frame to name: the innermost in the program's own code, else in a package, else in Node.js. */
export function namedFrame(frames: readonly StackFrame[]): StackFrame | undefined {
  const outside = frames.filter(({ file }) => !file.startsWith('node:') && file !== '(no file)');
  return outside.find(({ file }) => !/[\\/]node_modules[\\/]/.test(file)) ?? outside[0] ?? frames[0];
}

/** A stack as Node.js prints it. */
export function stackText(frames: readonly StackFrame[]): string {
  return frames
    .map(({ function: name, file, line, column }) => `    at ${name} (${file}:${line}:${column})`)
    .join('\n');
}
