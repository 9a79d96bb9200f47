import { parseThreshold } from './parse-threshold.js';

test.each([
  ['0.01', { absolute: 0.01 }],
  ['1e-3', { absolute: 0.001 }],
  ['absolute:2', { absolute: 2 }],
  ['sigma:.5', { sigma: 0.5 }],
  [' quantile:0.8 ', { quantile: 0.8 }],
])('%s', (text, threshold) => {
  expect(parseThreshold(text)).toEqual(threshold);
});

test.each(['', '0', '-1', 'sigma:', 'sigma:0', 'quantile:1', 'quantile:80%', 'largest:3', '1e999', '0.1,0.2'])(
  '%j is refused',
  (text) => {
    expect(() => parseThreshold(text)).toThrow(/expected a number above 0, sigma:NUMBER or quantile:SHARE/);
  },
);
