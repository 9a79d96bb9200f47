import { legalCases, runLegal } from '../testing/run-legal.js';

const isFloats = legalCases(({ runs }) => runs === 'floats');

test.each(isFloats)('%s: stored as codes, computed in float', async (_, each) => {
  const { left, quality, nativeQuality } = await runLegal(each);
  expect(left).toEqual([]);
  // The signal is louder than the noise at one bit already.
  expect(quality).toBeGreaterThan(2);
  expect(nativeQuality ?? quality).toBeGreaterThan(2);
});
