import { parseLayerBudget } from './parse-layer-budget.js';

test.each([
  ['50%', { of: 'bytes', share: 0.5 }],
  ['bytes:12.5%', { of: 'bytes', share: 0.125 }],
  ['macs:.5%', { of: 'macs', share: 0.005 }],
  [' macs:100% ', { of: 'macs', share: 1 }],
])('%s', (text, budget) => {
  expect(parseLayerBudget(text)).toEqual(budget);
});

test.each(['', '0%', '101%', '-5%', '50', '0.5', 'time:50%', 'macs:', '1e1%', 'macs:50%,bytes:50%'])(
  '%j is refused',
  (text) => {
    expect(() => parseLayerBudget(text)).toThrow(/expected a share of the layers' bytes or macs/);
  },
);
