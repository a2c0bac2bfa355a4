import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { SeenMethod } from '../../src/instrument/seen-method.ts';

class Answer extends Writable {
  readonly sent: unknown[] = [];
  override _write(chunk: unknown, _: string, done: () => void): void {
    this.sent.push(String(chunk));
    done();
  }
}

/** Notes the first argument of each call before the call is made. */
function seenWrites() {
  return new SeenMethod<unknown[]>('write', (notes, self, original, args) => {
    notes.push(args[0]);
    return original.apply(self, args);
  });
}

function write(answer: Writable, ...chunks: string[]): void {
  for (const chunk of chunks) answer.write(chunk);
}

describe('the calls of a method', () => {
  it('are seen for those objects that somebody looks at, with nothing on the objects themselves', () => {
    class Own extends Answer {}
    const seen = seenWrites();
    const [looked, other] = [new Own(), new Own()];
    const notes: unknown[] = [];
    seen.see(looked, notes);
    write(looked, 'a', 'b');
    write(other, 'c');
    expect(notes).toEqual(['a', 'b']);
    expect([looked.sent, other.sent]).toEqual([['a', 'b'], ['c']]);
    expect(Object.keys(looked)).toEqual(Object.keys(other));
    expect(Object.hasOwn(looked, 'write')).toBe(false);
    expect(Object.keys(Own.prototype)).toEqual([]);
  });

  it('answer, throw and take arguments as they do by themselves', () => {
    class Own extends Answer {
      override write(...args: unknown[]): boolean {
        if (args.length === 0) throw new TypeError('nothing');
        return args.length > 1;
      }
    }
    const answer = new Own();
    seenWrites().see(answer, []);
    const call = answer.write.bind(answer) as (...args: unknown[]) => unknown;
    expect(call('a')).toBe(false);
    expect(call('a', 'utf8')).toBe(true);
    expect(() => call()).toThrow(TypeError);
  });

  it('are seen once where a class below calls that above', () => {
    class Own extends Answer {}
    class Below extends Own {
      override write(chunk: unknown): boolean {
        return super.write(`<${String(chunk)}>`);
      }
    }
    const seen = seenWrites();
    const notes: unknown[][] = [[], []];
    const [plain, below] = [new Own(), new Below()];
    seen.see(plain, notes[0] ?? []);
    seen.see(below, notes[1] ?? []);
    write(plain, 'a');
    write(below, 'b');
    expect(notes).toEqual([['a'], ['b']]);
    expect(below.sent).toEqual(['<b>']);
  });

  it('are seen where the method was replaced on the object or on its class before, and where it is after', () => {
    class Own extends Answer {}
    const seen = seenWrites();
    const notes: unknown[] = [];
    seen.see(new Own(), []);
    const before = new Own();
    const replaced = before.write.bind(before);
    before.write = ((chunk: string) => replaced(`before ${chunk}`)) as typeof before.write;
    seen.see(before, notes);
    write(before, 'a');
    const after = new Own();
    seen.see(after, notes);
    const wrapped = after.write.bind(after);
    after.write = ((chunk: string) => wrapped(`after ${chunk}`)) as typeof after.write;
    write(after, 'b');
    const { write: own } = Own.prototype;
    Own.prototype.write = function (this: Own, chunk: unknown) {
      return Reflect.apply(own, this, [`class ${String(chunk)}`]);
    } as typeof own;
    const late = new Own();
    seen.see(late, notes);
    write(late, 'c');
    expect(notes).toEqual(['a', 'after b', 'c']);
    expect([before.sent, after.sent, late.sent]).toEqual([['before a'], ['after b'], ['class c']]);
  });

  it('are seen for objects without a class of their own', () => {
    const sent: unknown[] = [];
    const plain = { write: (chunk: unknown) => sent.push(chunk) };
    const notes: unknown[] = [];
    seenWrites().see(plain, notes);
    expect(plain.write('a')).toBe(1);
    expect([notes, sent]).toEqual([['a'], ['a']]);
  });

  it('go to what the class inherits at the time, which others may have replaced since', () => {
    class Above extends Answer {}
    class Own extends Above {}
    const inherited = Object.getOwnPropertyDescriptor(Writable.prototype, 'write') as PropertyDescriptor;
    const seen = seenWrites();
    const notes: unknown[] = [];
    const answer = new Own();
    seen.see(answer, notes);
    try {
      Object.defineProperty(Writable.prototype, 'write', {
        ...inherited,
        value(this: Writable, chunk: unknown) {
          return Reflect.apply(inherited.value, this, [`later ${String(chunk)}`]);
        },
      });
      write(answer, 'a');
    } finally {
      Object.defineProperty(Writable.prototype, 'write', inherited);
    }
    write(answer, 'b');
    expect(notes).toEqual(['a', 'b']);
    expect(answer.sent).toEqual(['later a', 'b']);
  });

  it('are not made up where there is no such method', () => {
    class Root extends EventEmitter {}
    class Own extends Root {
      write(chunk: string): string {
        return chunk;
      }
    }
    const seen = seenWrites();
    const notes: unknown[] = [];
    const [own, root] = [new Own(), new Root()];
    seen.see(own, notes);
    seen.see(root, notes);
    expect(own.write('a')).toBe('a');
    expect(notes).toEqual(['a']);
    expect(['write' in Root.prototype, 'write' in root]).toEqual([false, false]);
  });

  it('without an object fail as they do by themselves', () => {
    class Own extends EventEmitter {
      write(): boolean {
        if (this === undefined) throw new RangeError('no object');
        return true;
      }
    }
    const answer = new Own();
    seenWrites().see(answer, []);
    const { write: detached } = answer;
    expect(() => Reflect.apply(detached, undefined, [])).toThrow(RangeError);
  });
});
