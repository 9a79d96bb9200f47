import { GraphBuilder, isGossamerError } from '@gossamer/graph';
import { serializeModel } from '@gossamer/graph/onnx';
import fc from 'fast-check';
import { fileOf, gsmOf } from '../testing/gsm-of.js';
import { ByteWriter } from '../coders/byte-writer.js';
import { crc32 } from './crc32.js';
import type { GsmLimits } from './limits.js';
import { openGsm } from './open-gsm.js';
import { encodeTensor } from '../tensors/encode-tensor.js';
import { toModel } from './to-model.js';

function smallModel() {
  const g = new GraphBuilder('small');
  const x = g.input('x', 'float32', ['n', 16]);
  const weight = Float32Array.from({ length: 256 }, (_, i) => (i % 7 === 0 ? ((i % 5) - 2) * 0.25 : 0));
  const bias = Float32Array.from({ length: 16 }, (_, i) => Math.sin(i));
  const w = g.weight('w', [16, 16], weight);
  const b = g.weight('b', [16], bias);
  return g.output(g.op('Add', [g.op('MatMul', [x, w]), b]), 'y', 'float32', ['n', 16]).model();
}

const original = Buffer.from(serializeModel(smallModel()));
let gsm: Buffer;
beforeAll(async () => (gsm = await gsmOf(smallModel())));
const LIMITS: Partial<GsmLimits> = {
  maxDecodedBytes: 2 ** 20,
  maxTensorBytes: 2 ** 18,
  maxSkeletonBytes: 2 ** 12,
  maxTensors: 100,
};

/** 'exact', or the code of the error; anything else is thrown on. */
function outcome(file: Uint8Array): string {
  try {
    return Buffer.compare(fileOf(openGsm(file, LIMITS)), original) === 0 ? 'exact' : 'other bytes';
  } catch (error) {
    if (isGossamerError(error)) return error.code;
    throw error;
  }
}

describe('damaged and hostile .gsm files', () => {
  it('sound ones are read', () => expect(outcome(gsm)).toBe('exact'));

  it('every truncation is noticed', () => {
    for (let end = 0; end < gsm.length; end++) expect(outcome(gsm.subarray(0, end))).toMatch(/^ERR_GSM_/);
    expect(outcome(Buffer.concat([gsm, Buffer.of(0)]))).toMatch(/^ERR_GSM_/);
  });

  it('every flipped bit is noticed', () => {
    for (let bit = 0; bit < 8 * gsm.length; bit++) {
      const flipped = Buffer.from(gsm);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(outcome(flipped)).toMatch(/^ERR_GSM_/);
    }
  });

  it('random bytes behind a sound beginning end in an error', () => {
    fc.assert(
      fc.property(fc.nat(gsm.length), fc.uint8Array({ maxLength: 300 }), (keep, tail) => {
        const file = Buffer.concat([gsm.subarray(0, keep), tail]);
        expect(outcome(file)).toMatch(file.equals(gsm) ? /exact/ : /^ERR_GSM_/);
      }),
      { numRuns: 500 },
    );
  });

  it('files with right checksums around wrong bytes end in an error of ours, soon', () => {
    const change = fc.record({ at: fc.integer({ min: 4, max: gsm.length - 1 }), byte: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const file = Buffer.from(gsm);
        for (const { at, byte } of changes) file[at] = byte;
        file.set(crc32(file.subarray(0, file.length - 4)), file.length - 4);
        // Time of this process: others may be busy.
        const before = process.cpuUsage();
        expect(outcome(file)).toMatch(/^ERR_GSM_|^exact$|^other bytes$/);
        const { user, system } = process.cpuUsage(before);
        expect(user + system).toBeLessThan(5e6);
      }),
      { numRuns: 120 },
    );
  });

  it('a head that declares too much is refused before anything is made', () => {
    const head = (...numbers: number[]) => {
      const writer = new ByteWriter().bytes(Buffer.from('GSM\u0001'));
      for (const number of numbers) writer.varint(number);
      const bytes = writer.finish();
      return Buffer.concat([bytes, crc32(bytes)]);
    };
    const before = process.memoryUsage().arrayBuffers;
    // Bytes of the skeleton's code, or 0 and those of the model; lengths, and how many.
    expect(outcome(head(2 ** 40, 0))).toBe('ERR_GSM_LIMIT');
    expect(outcome(head(0, 2 ** 40, 0))).toBe('ERR_GSM_LIMIT');
    expect(outcome(head(0, 2 ** 19, 0))).toBe('ERR_GSM_LIMIT');
    expect(outcome(head(0, 100, 2 ** 40))).toBe('ERR_GSM_LIMIT');
    expect(outcome(head(0, 100, 50))).toBe('ERR_GSM_FORMAT');
    expect(outcome(head(0, 100, 1, 20))).toBe('ERR_GSM_FORMAT');
    expect(outcome(head(20, 1, 1))).toBe('ERR_GSM_FORMAT');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 22);
  });

  it('few bytes that claim to hold many elements are refused, constants apart', () => {
    const opaque = (length: number, stream: Uint8Array) => {
      const head = new ByteWriter()
        .bytes(Buffer.from('GSM\u0001'))
        .varint(0)
        .varint(length)
        .varint(0)
        .bytes(stream)
        .finish();
      return Buffer.concat([head, crc32(head)]);
    };
    const large = { maxTensorBytes: 2 ** 34, maxDecodedBytes: 2 ** 34 };
    for (const form of [0, 2, 8]) {
      expect(() => openGsm(opaque(2 ** 33, Uint8Array.of(form, 255, 0, 0)), large).readOpaque()).toThrow(
        expect.objectContaining({ code: 'ERR_GSM_FORMAT' }),
      );
    }
    expect(
      openGsm(
        opaque(1000, encodeTensor({ dtype: 'uint8', dims: [1000], bytes: new Uint8Array(1000).fill(7) })),
      ).readOpaque(),
    ).toEqual(new Uint8Array(1000).fill(7));
  });

  it('a Model over a damaged file fails where the damage is read', () => {
    const damaged = Buffer.from(gsm);
    damaged[damaged.length - 6]! ^= 1;
    expect(() => toModel(openGsm(damaged)).graph.value('w')!.initializer!.bytes()).toThrow(
      expect.objectContaining({ code: 'ERR_GSM_CHECKSUM' }),
    );
  });
});
