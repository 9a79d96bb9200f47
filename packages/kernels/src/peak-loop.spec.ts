import { isaInfo } from './isa-info.js';
import { type PeakLoop, peakLoop, readLoop } from './peak-loop.js';

describe('peakLoop and readLoop', () => {
  test.each(['int8', 'float', 'bf16'] as const)('%s: work grows with rounds and threads, whatever the ISA', (loop) => {
    for (const isa of isaInfo().available) {
      const one = peakLoop(loop, isa, 100, 1);
      const six = peakLoop(loop, isa, 300, 2);
      expect(six.work).toBe(6 * one.work);
      expect(six.checksum).toBe(6 * one.checksum);
    }
    expect(peakLoop(loop, 'scalar', 100, 1).work).toBeGreaterThan(0);
  });

  test('a variant that this machine lacks does nothing', () => {
    const foreign = process.arch === 'arm64' ? 'avx2' : 'neon';
    expect(peakLoop('int8', foreign, 100, 1)).toEqual({ work: 0, checksum: 0 });
    expect(readLoop(new Uint8Array(100), foreign, 1, 1)).toEqual({ work: 0, checksum: 0 });
  });

  test('readLoop reads every byte in each round, on any number of threads', () => {
    const x = Uint8Array.from({ length: 10_007 }, (_, i) => i % 251);
    for (const isa of ['scalar', isaInfo().selected] as const) {
      for (const threads of [1, 3]) {
        const { work } = readLoop(x, isa, 5, threads);
        expect([0, 5 * x.length]).toContain(work);
      }
    }
    expect(readLoop(x, 'scalar', 2, 1).checksum).toBeGreaterThan(0);
  });

  test('refuses what makes no sense', () => {
    const refusal = expect.objectContaining({ code: 'ERR_BAD_OPTION' });
    expect(() => peakLoop('int4' as PeakLoop, 'scalar', 1, 1)).toThrow(refusal);
    expect(() => peakLoop('int8', 'sse2' as 'avx2', 1, 1)).toThrow(refusal);
    expect(() => peakLoop('int8', 'scalar', 2 ** 20 + 1, 1)).toThrow(refusal);
    expect(() => peakLoop('int8', 'scalar', 1, 0)).toThrow(refusal);
    expect(() => readLoop([] as unknown as Uint8Array, 'scalar', 1, 1)).toThrow(
      expect.objectContaining({ code: 'ERR_WRONG_TYPE' }),
    );
  });
});
