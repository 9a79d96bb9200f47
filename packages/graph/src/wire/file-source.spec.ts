import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import fs from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../testing/error-code.js';
import { useTempDir } from '../testing/temp-dir.js';
import * as wire from './index.js';

const { GraphProto, ModelProto, TensorProto } = wire.onnxSchema;

/** Writes a file with holes: `parts` at their positions, zeros (that take no disk) elsewhere. */
function writeSparse(path: string, byteLength: number, parts: readonly (readonly [number, Uint8Array])[]): void {
  const fd = openSync(path, 'w');
  try {
    ftruncateSync(fd, byteLength);
    for (const [position, bytes] of parts) writeSync(fd, bytes, 0, bytes.byteLength, position);
  } finally {
    closeSync(fd);
  }
}

describe('FileSource', () => {
  const directory = useTempDir();
  const file = (name: string, content: Uint8Array | string = new Uint8Array(0)) => {
    const path = join(directory(), name);
    writeFileSync(path, content);
    return path;
  };

  it('reads any range, in any order', () => {
    const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) ^ (i >> 8));
    const source = new wire.FileSource(file('data', content));
    expect(source.byteLength).toBe(content.byteLength);
    let seed = 1;
    for (let i = 0; i < 2000; i++) {
      seed = (seed * 48_271) % 2_147_483_647;
      const start = seed % content.byteLength;
      const end = Math.min(content.byteLength, start + (i % 100 === 0 ? 100_000 : seed % 3000));
      expect(Buffer.compare(source.read(start, end), content.subarray(start, end))).toBe(0);
    }
    expect(source.read(300_000, 300_000)).toHaveLength(0);
    source.close();
  });

  it('returns copies that later reads do not touch', () => {
    const source = new wire.FileSource(file('data', 'abcdef'));
    const first = source.read(0, 3);
    source.read(3, 6);
    expect(Buffer.from(first).toString()).toBe('abc');
    source.close();
  });

  it('refuses ranges outside the file', () => {
    const source = new wire.FileSource(file('data', 'abc'));
    for (const [start, end] of [
      [0, 4],
      [-1, 2],
      [3, 2],
      [NaN, 2],
      [0, Infinity],
    ] as const) {
      expect(errorCode(() => source.read(start, end))).toBe('ERR_TRUNCATED');
    }
    source.close();
    source.close();
    expect(errorCode(() => source.read(0, 1))).toBe('ERR_SOURCE_CLOSED');
  });

  it('opens regular files only, without waiting for a FIFO', () => {
    expect(errorCode(() => new wire.FileSource(join(directory(), 'missing')))).toBe('ERR_FILE_NOT_FOUND');
    expect(errorCode(() => new wire.FileSource(join(file('data'), 'below')))).toBe('ERR_FILE_NOT_FOUND');
    mkdirSync(join(directory(), 'folder'));
    expect(errorCode(() => new wire.FileSource(join(directory(), 'folder')))).toBe('ERR_NOT_A_FILE');
    execFileSync('mkfifo', [join(directory(), 'pipe')]);
    expect(errorCode(() => new wire.FileSource(join(directory(), 'pipe')))).toBe('ERR_NOT_A_FILE');
    expect(errorCode(() => new wire.FileSource('/dev/zero'))).toBe('ERR_NOT_A_FILE');
    symlinkSync('data', join(directory(), 'link'));
    expect(new wire.FileSource(join(directory(), 'link')).byteLength).toBe(0);
    expect(errorCode(() => new wire.FileSource(join(directory(), 'link'), { noFollow: true }))).toBe('ERR_NOT_A_FILE');
  });

  it('notices a file that is changed, cut or grown while it is open', () => {
    const changes: ((path: string) => void)[] = [
      (path) => utimesSync(path, 1, 1),
      (path) => truncateSync(path, 10),
      (path) => appendFileSync(path, 'more'),
    ];
    for (const change of changes) {
      const path = file('data', new Uint8Array(200_000));
      const source = new wire.FileSource(path);
      source.read(0, 1);
      change(path);
      expect(errorCode(() => source.read(150_000, 150_001))).toBe('ERR_FILE_CHANGED');
      source.close();
    }
  });

  it('keeps reading the file it opened when another takes its path', () => {
    const path = file('data', 'old');
    const source = new wire.FileSource(path);
    renameSync(file('other', 'new'), path);
    expect(Buffer.from(source.read(0, 3)).toString()).toBe('old');
    const replaced = new wire.FileSource(path);
    expect(replaced.identity).not.toBe(source.identity);
    replaced.close();
    source.close();
  });

  it('reads a model of over 4 GiB without its weights', () => {
    const reads = jest.spyOn(fs, 'readSync');
    const sizes = [3 * 2 ** 30, 2 ** 30 + 12_345, 2 ** 30, ...new Array<number>(60).fill(20 * 2 ** 20)];
    const head = (raw: number, name: string) =>
      wire.concatChunks(
        wire.encodeInts(1, [raw]),
        wire.encodeInt(2, 2),
        wire.encodeString(8, name),
        varints(9 * 8 + 2, raw),
      );
    const parts: [number, Uint8Array][] = [];
    let graphBytes = 0;
    for (const [i, raw] of sizes.entries()) {
      const tensor = head(raw, `w${i}`);
      const field = wire.toBytes(wire.concatChunks(varints(5 * 8 + 2, tensor.byteLength + raw), tensor));
      parts.push([graphBytes, field]);
      graphBytes += field.byteLength + raw;
    }
    const tail = wire.toBytes(wire.encodeString(2, 'graph name'));
    parts.push([graphBytes, tail]);
    graphBytes += tail.byteLength;
    const front = wire.toBytes(wire.concatChunks(wire.encodeInt(1, 10), varints(7 * 8 + 2, graphBytes)));
    const path = join(directory(), 'huge.onnx');
    const shifted = parts.map(([at, bytes]) => [at + front.byteLength, bytes] as const);
    writeSparse(path, front.byteLength + graphBytes, [[0, front], ...shifted]);

    const source = new wire.FileSource(path);
    expect(source.byteLength).toBeGreaterThan(5 * 2 ** 30);
    const graph = wire.openWire(source, ModelProto).message(ModelProto.no.graph)!;
    expect(graph.string(GraphProto.no.name)).toBe('graph name');
    const tensors = graph.messages(GraphProto.no.initializer);
    expect(tensors.map((tensor) => tensor.string(TensorProto.no.name))).toEqual(sizes.map((_, i) => `w${i}`));
    // One read of a small window a tensor, and the first ones.
    const bytesRead = reads.mock.results.reduce((sum, { value }) => sum + Number(value), 0);
    reads.mockRestore();
    expect(bytesRead).toBeGreaterThan(0);
    expect(bytesRead).toBeLessThan(1_000_000);
    for (const [i, tensor] of tensors.entries()) {
      const { start, end } = tensor.range(TensorProto.no.raw_data)!;
      expect(end - start).toBe(sizes[i]);
      expect([...source.read(end - 2, end)]).toEqual([0, 0]);
    }
    const edit = wire.patchMessage(tensors[1]!, [{ no: 8, value: wire.encodeString(8, 'renamed') }]);
    const patched = wire.patchMessage(graph, [{ no: 5, occurrence: 1, body: edit }]);
    expect(patched.byteLength).toBe(graph.byteLength + 'renamed'.length - 'w1'.length);
    source.close();
  });
});

function varints(...values: number[]): wire.ChunkList {
  // encodeInt's value part: a tag byte of field 1 comes first.
  return wire.concatChunks(
    ...values.map((value) => wire.ChunkList.of(wire.toBytes(wire.encodeInt(1, value)).subarray(1))),
  );
}
