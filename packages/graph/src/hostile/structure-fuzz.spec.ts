import { FUZZ_FORMATS, type FuzzFormat, readOutcome } from './testing/fuzz-formats.js';
import { FUZZ_SEEDS } from './testing/fuzz-seeds.js';
import { randomBelow } from './testing/random.js';
import { reachedInputs } from './testing/reached-inputs.js';

function count(format: FuzzFormat, inputs: Iterable<Uint8Array>): { read: number; refused: number } {
  const counts = { read: 0, refused: 0 };
  for (const bytes of inputs) {
    try {
      counts[readOutcome(format, bytes)]++;
    } catch (cause) {
      throw new Error(`keep in the corpus: ${Buffer.from(bytes).toString('base64')}`, { cause });
    }
  }
  return counts;
}

describe.each(Object.entries(FUZZ_FORMATS))('%s', (name, format) => {
  const seeds = FUZZ_SEEDS[name]!();

  it('the seeds are sound', () => {
    expect(count(format, seeds)).toEqual({ read: seeds.length, refused: 0 });
  });

  it('2000 files whose parts were left out, doubled, moved, exchanged and retyped are read or refused with a code', () => {
    const random = randomBelow(20_261_122);
    const inputs = Array.from({ length: 2000 }, () => format.mutate(seeds[random(seeds.length)]!, seeds, random));
    const { read, refused } = count(format, inputs);
    expect(read).toBeGreaterThan(30);
    expect(refused).toBeGreaterThan(500);
  });

  it('what reached new code is read or refused with a code', () => {
    const inputs = reachedInputs(name);
    expect(inputs.length).toBeGreaterThan(0);
    const { read, refused } = count(format, inputs);
    expect(read + refused).toBe(inputs.length);
  });
});
