import { crc32 } from 'node:zlib';
import { checksumBytes } from './frame-buffer.ts';

const newline = 10;
const space = 32;

/** A complete line of a segment, without a copy of its bytes. */
export interface FrameLine {
  /** Where the line begins and where the next one does. */
  readonly start: number;
  readonly end: number;
  /** Whether the checksum fits. */
  readonly isWhole: boolean;
}

/** Frames a JSON text: `<crc32, 8 hex digits> <json>\n`. */
export function frameText(json: string): Uint8Array {
  const bytes = Buffer.from(json);
  return Buffer.concat([Buffer.from(`${crc32(bytes).toString(16).padStart(8, '0')} `), bytes, Buffer.of(newline)]);
}

/** The next complete line at or after `start`, or `undefined` if no line ends in these bytes. */
export function nextLine(bytes: Buffer, start: number): FrameLine | undefined {
  const at = bytes.indexOf(newline, start);
  return at === -1 ? undefined : { start, end: at + 1, isWhole: isWholeFrame(bytes, start, at) };
}

/** The JSON of a whole line. */
export function jsonOf(bytes: Buffer, line: FrameLine): string {
  return bytes.toString('utf8', line.start + checksumBytes, line.end - 1);
}

function isWholeFrame(bytes: Buffer, start: number, end: number): boolean {
  if (end - start <= checksumBytes || bytes[start + checksumBytes - 1] !== space) return false;
  let sum = 0;
  for (let at = start; at < start + 8; at += 1) {
    const digit = hexDigit(bytes[at] ?? 0);
    if (digit === undefined) return false;
    sum = sum * 16 + digit;
  }
  return sum === crc32(bytes.subarray(start + checksumBytes, end));
}

function hexDigit(code: number): number | undefined {
  if (code >= 48 && code <= 57) return code - 48;
  return code >= 97 && code <= 102 ? code - 87 : undefined;
}
