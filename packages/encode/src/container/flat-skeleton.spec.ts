import { serializeModel } from '@gossamer/graph/onnx';
import { leNet5, tinyLm } from '@gossamer/graph/zoo';
import { MemorySource } from '@gossamer/graph/onnx';
import fc from 'fast-check';
import { RangeDecoder } from '../coders/range-decoder.js';
import { RangeEncoder } from '../coders/range-encoder.js';
import { isGossamerError } from '@gossamer/graph';
import { codeSkeleton, readSkeleton } from './code-skeleton.js';
import { FLAT_SLACK, flattenSkeleton, unflatten } from './flat-skeleton.js';
import { takeSkeleton } from './take-skeleton.js';

const skeletons = [leNet5(), tinyLm({ layers: 2, width: 48, vocabulary: 64, context: 32 })].map(
  (model) => takeSkeleton(new MemorySource(serializeModel(model))).bytes,
);

describe('flat skeletons', () => {
  it('have no lengths, and give the skeleton back', () => {
    for (const skeleton of skeletons) {
      const flat = flattenSkeleton(skeleton);
      expect(flat.length).toBeLessThan(skeleton.length);
      expect(Buffer.compare(unflatten(flat), skeleton)).toBe(0);
    }
  });

  it.each([
    ['a field of a high number', [8, 8, 0xc2, 2, 1, 7]],
    ['a tag in long form', [0x88, 0, 8]],
    ['field 31, which stands for all of a skeleton', [0xfa, 1, 2, 5, 5]],
    ['nothing', []],
  ])('what cannot be made flat is one field of bytes: %s', (_, bytes) => {
    const skeleton = Uint8Array.from(bytes);
    const flat = flattenSkeleton(skeleton);
    expect(flat.length).toBeLessThanOrEqual(skeleton.length + FLAT_SLACK);
    expect(Buffer.compare(unflatten(flat), skeleton)).toBe(0);
  });

  it('any bytes end in an error or a skeleton', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          unflatten(bytes);
        } catch (error) {
          expect(isGossamerError(error) && error.code).toBe('ERR_GSM_FORMAT');
        }
      }),
    );
  });

  it('are coded in fewer bytes than a tenth', () => {
    for (const skeleton of skeletons) {
      const encoder = new RangeEncoder();
      codeSkeleton(encoder, skeleton);
      const code = encoder.finish();
      expect(code.length).toBeLessThan(skeleton.length / 10);
      expect(Buffer.compare(readSkeleton(new RangeDecoder(code), skeleton.length), skeleton)).toBe(0);
      expect(() => readSkeleton(new RangeDecoder(code), 100)).toThrow(
        expect.objectContaining({ code: 'ERR_GSM_LIMIT' }),
      );
    }
  });
});
