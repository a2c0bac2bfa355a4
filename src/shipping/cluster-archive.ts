import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const blockBytes = 512;

/**
 * Unpacks the files of a tar archive, compressed by gzip, below `directory`, readable by their owner only. For archives of plain
 * files and directories with short names, as the prepared cluster is one.
 *
 * PGlite can do this itself, but holds the whole several times over while its own memory is there too: 110 MB more at the peak.
 */
export async function unpackArchive(archive: Blob, directory: string): Promise<void> {
  const source = new ByteSource(archive.stream().pipeThrough(new DecompressionStream('gzip')));
  for (;;) {
    const header = await source.block();
    if (header === undefined || header[0] === 0) return;
    const path = join(directory, normalize(`/${textAt(header, 0, 100)}`));
    const size = Number.parseInt(textAt(header, 124, 12), 8);
    if (Number.isNaN(size)) throw new Error('The prepared cluster is damaged.');
    const isDirectory = textAt(header, 156, 1) === '5';
    mkdirSync(isDirectory ? path : dirname(path), { recursive: true, mode: 0o700 });
    if (!isDirectory) await writeFile(source, path, size);
  }
}

async function writeFile(source: ByteSource, path: string, size: number): Promise<void> {
  const file = openSync(path, 'w', 0o600);
  try {
    for (let left = size; left > 0; ) {
      const part = await source.some(left);
      if (part === undefined) throw new Error('The prepared cluster is cut off.');
      writeSync(file, part);
      left -= part.length;
    }
  } finally {
    closeSync(file);
  }
  const padding = (blockBytes - (size % blockBytes)) % blockBytes;
  for (let left = padding; left > 0; ) left -= (await source.some(left))?.length ?? left;
}

/** A field of a header: text that ends with NUL or with the field. */
function textAt(header: Buffer, start: number, length: number): string {
  const field = header.toString('latin1', start, start + length);
  const end = field.indexOf('\0');
  return end === -1 ? field : field.slice(0, end);
}

/** A stream of bytes, taken in the portions that are asked for. */
class ByteSource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** At least one byte and at most `max`; `undefined` at the end. */
  async some(max: number): Promise<Uint8Array | undefined> {
    while (this.#rest.length === 0) {
      const { value, done } = await this.#reader.read();
      if (done) return undefined;
      this.#rest = value;
    }
    const part = this.#rest.subarray(0, max);
    this.#rest = this.#rest.subarray(part.length);
    return part;
  }

  async block(): Promise<Buffer | undefined> {
    const parts: Uint8Array[] = [];
    for (let left = blockBytes; left > 0; ) {
      const part = await this.some(left);
      if (part === undefined) return undefined;
      parts.push(part);
      left -= part.length;
    }
    return Buffer.concat(parts);
  }
}
