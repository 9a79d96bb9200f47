import { legalCases, runLegal } from '../testing/run-legal.js';

const isCodes = legalCases(({ runs }) => runs === 'codes');

test.each(isCodes)('%s: on codes', async (_, each) => {
  const { left, quality, nativeQuality, floatOps } = await runLegal(each);
  expect({ left, floatOps }).toEqual({ left: [], floatOps: [] });
  // The signal is louder than the noise at two bits already.
  expect(quality).toBeGreaterThan(2);
  expect(nativeQuality ?? quality).toBeGreaterThan(2);
});
