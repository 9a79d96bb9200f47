import { ChunkList, MemorySource, readChunks, toBytes } from './index.js';

const bytes = (...values: number[]) => Uint8Array.from(values);

describe('ChunkList', () => {
  it('copies small bytes and keeps large ones by reference', () => {
    const small = bytes(1, 2, 3);
    const large = new Uint8Array(10_000).fill(7);
    const list = new ChunkList().push(small).push(bytes(4)).push(large);
    small.fill(9);
    expect(list.byteLength).toBe(10_004);
    expect(list.chunks).toHaveLength(2);
    expect(list.chunks[1]).toEqual({ kind: 'bytes', bytes: large });
    expect([...toBytes(list).subarray(0, 5)]).toEqual([1, 2, 3, 4, 7]);
  });

  it('merges adjacent ranges of one source', () => {
    const source = { ...fileLike(new MemorySource(new Uint8Array(100))) };
    const list = new ChunkList()
      .pushRange(source, 0, 10)
      .pushRange(source, 10, 30)
      .pushRange(source, 40, 50)
      .pushRange(source, 45, 45);
    expect(list.chunks).toEqual([
      { kind: 'range', source, start: 0, end: 30 },
      { kind: 'range', source, start: 40, end: 50 },
    ]);
    expect(list.byteLength).toBe(40);
  });

  it('refuses a range that is not within its source', () => {
    const source = new MemorySource(new Uint8Array(4));
    expect(() => new ChunkList().pushRange(source, 2, 5)).toThrow('not within');
    expect(() => new ChunkList().pushRange(source, 3, 2)).toThrow('not within');
    expect(() => new ChunkList().pushRange(source, NaN, 2)).toThrow('not within');
  });

  it('appends what a list holds at that moment', () => {
    const inner = new ChunkList().push(bytes(1));
    const outer = new ChunkList().append(inner);
    inner.push(bytes(2));
    expect([...toBytes(outer)]).toEqual([1]);
    expect([...toBytes(inner)]).toEqual([1, 2]);
    expect([...toBytes(outer.append(outer))]).toEqual([1, 1]);
  });

  it('keeps order and length over random contents', () => {
    const source = new MemorySource(Uint8Array.from({ length: 20_000 }, (_, i) => i * 31));
    const list = new ChunkList();
    const expected: number[] = [];
    for (let i = 0; i < 500; i++) {
      const start = (i * 7919) % 9000;
      const end = start + ((i * 104_729) % (i % 50 === 0 ? 9000 : 60));
      const part = source.read(start, end);
      if (i % 3 === 0) list.pushRange(source, start, end);
      else if (i % 3 === 1) list.push(part);
      else list.pushStream(part.byteLength, () => [part.subarray(0, 5), part.subarray(5)]);
      expected.push(...part);
    }
    expect(list.byteLength).toBe(expected.length);
    expect(Buffer.compare(toBytes(list), Uint8Array.from(expected))).toBe(0);
  });

  it('holds a stream to its promised length', () => {
    const stream = (length: number) => new ChunkList().pushStream(length, () => [bytes(1, 2), bytes(3)]);
    expect([...toBytes(stream(3))]).toEqual([1, 2, 3]);
    expect(() => [...readChunks(stream(4))]).toThrow('promised 4 bytes');
    expect(() => [...readChunks(stream(2))]).toThrow('promised 2 bytes');
  });
});

/** A source that looks like a file: its reads are not free. */
function fileLike(source: MemorySource) {
  return {
    byteLength: source.byteLength,
    path: undefined,
    identity: 'test',
    isResident: false,
    read: (start: number, end: number) => source.read(start, end),
    readInto: (start: number, target: Uint8Array) => source.readInto(start, target),
    close: () => source.close(),
  };
}
