import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { rejectionCode } from '../testing/error-code.js';
import { useTempDir } from '../testing/temp-dir.js';
import * as wire from './index.js';

const { GraphProto, ModelProto, TensorProto } = wire.onnxSchema;

function encodeModel(placements: readonly wire.ExternalPlacement[]): wire.ChunkList {
  const tensors = placements.map((placement, i) => {
    const head = wire.concatChunks(
      wire.encodeInts(1, [placement.length]),
      wire.encodeInt(2, 2),
      wire.encodeString(8, `w${i}`),
    );
    return wire.encodeMessage(GraphProto.no.initializer, wire.concatChunks(head, wire.encodePlacement(placement)));
  });
  return wire.encodeMessage(ModelProto.no.graph, wire.concatChunks(...tensors));
}

describe('writeWithExternalData', () => {
  const directory = useTempDir();
  const model = () => join(directory(), 'net v1.onnx');
  const tensor = (byteLength: number, value: number) => ChunkOf(new Uint8Array(byteLength).fill(value));
  const ChunkOf = (bytes: Uint8Array) => wire.ChunkList.of(bytes);

  function readBack(path: string): Uint8Array[] {
    const source = new wire.FileSource(path);
    const data = new wire.ExternalData(path, 'untrusted');
    const graph = wire.openWire(source, ModelProto).message(ModelProto.no.graph)!;
    const bytes = graph.messages(GraphProto.no.initializer).map((message) => {
      const { source: file, start, end } = data.resolve(message, message.safeInts(TensorProto.no.dims)[0]!);
      expect(start % 4096).toBe(0);
      return Uint8Array.from(file.read(start, end));
    });
    data.close();
    source.close();
    return bytes;
  }

  it('lays tensors out aligned in one file that the strictest reader accepts', async () => {
    const contents = [
      new Uint8Array(5000).fill(1),
      new Uint8Array(1).fill(2),
      new Uint8Array(0),
      new Uint8Array(4096).fill(3),
    ];
    const result = await wire.writeWithExternalData(model(), contents.map(ChunkOf), encodeModel);
    expect(basename(result.dataPath!)).toMatch(/^net_v1\.onnx\.[0-9a-f]{16}\.data$/);
    expect(result.dataBytes).toBe(8192 + 4096 + 4096);
    expect(result.modelBytes).toBe(readFileSync(model()).byteLength);
    expect(readBack(model())).toEqual(contents);
    expect(readdirSync(directory())).toHaveLength(2);
  });

  it('aligns to 64 KiB on request', async () => {
    const seen: number[] = [];
    const encode = (placements: readonly wire.ExternalPlacement[]) => {
      seen.splice(0, seen.length, ...placements.map(({ offset }) => offset));
      return encodeModel(placements);
    };
    await wire.writeWithExternalData(model(), [tensor(10, 1), tensor(70_000, 2), tensor(1, 3)], encode, {
      alignment: 65_536,
    });
    expect(seen).toEqual([0, 65_536, 196_608]);
  });

  it('writes no data file when there is no data', async () => {
    const result = await wire.writeWithExternalData(model(), [], encodeModel);
    expect(result.dataPath).toBeUndefined();
    expect(readdirSync(directory())).toEqual([basename(model())]);
  });

  it('leaves the data of an earlier save to the models that name it', async () => {
    const first = await wire.writeWithExternalData(model(), [tensor(100, 1)], encodeModel);
    const old = readFileSync(model());
    const second = await wire.writeWithExternalData(model(), [tensor(100, 2)], encodeModel);
    expect(second.dataPath).not.toBe(first.dataPath);
    expect(readBack(model())).toEqual([new Uint8Array(100).fill(2)]);
    writeFileSync(model(), old);
    expect(readBack(model())).toEqual([new Uint8Array(100).fill(1)]);
    const again = await wire.writeWithExternalData(model(), [tensor(100, 1)], encodeModel);
    expect(again.dataPath).toBe(first.dataPath);
  });

  it('keeps the old model whole when the new one fails at any point', async () => {
    await wire.writeWithExternalData(model(), [tensor(100, 1)], encodeModel);
    const before = readdirSync(directory()).sort();
    const signalAt = (share: number) => {
      const controller = new AbortController();
      return {
        signal: controller.signal,
        onProgress: ({ done, total }: { done: number; total: number }) => done / total >= share && controller.abort(),
      };
    };
    const tensors = [tensor(3 * 2 ** 20, 5)];
    for (const share of [0.1, 1]) {
      expect(await rejectionCode(wire.writeWithExternalData(model(), tensors, encodeModel, signalAt(share)))).toBe(
        'ERR_ABORTED',
      );
      expect(readdirSync(directory()).sort()).toEqual(before);
      expect(readBack(model())).toEqual([new Uint8Array(100).fill(1)]);
    }
    let calls = 0;
    const failing = (placements: readonly wire.ExternalPlacement[]) => {
      if (++calls === 2) throw new Error('encoder failed');
      return encodeModel(placements);
    };
    await expect(wire.writeWithExternalData(model(), tensors, failing)).rejects.toThrow('encoder failed');
    expect(readdirSync(directory()).sort()).toEqual(before);
  });

  it('refuses a model that other readers could not open, before it writes anything', async () => {
    const huge = () => new wire.ChunkList().pushStream(wire.MODEL_BYTE_LIMIT, () => []);
    expect(await rejectionCode(wire.writeWithExternalData(model(), [tensor(10, 1)], huge))).toBe('ERR_MODEL_TOO_LARGE');
    expect(readdirSync(directory())).toEqual([]);
  });

  it('counts progress over both files', async () => {
    const seen: number[] = [];
    const result = await wire.writeWithExternalData(model(), [tensor(5 * 2 ** 20, 1)], encodeModel, {
      onProgress: ({ done, total }) => seen.push(done, total),
    });
    const total = result.dataBytes + result.modelBytes;
    expect(seen.filter((_, i) => i % 2 === 1).every((value) => value === total)).toBe(true);
    expect(seen.at(-2)).toBe(total);
  });
});
