import { parseBudget } from './parse-budget.js';

test.each([
  ['1.2MB', { bytes: 1_200_000 }],
  ['800 kB', { bytes: 800_000 }],
  ['120000', { bytes: 120_000 }],
  ['.5GB', { bytes: 500_000_000 }],
  ['30%', { share: 0.3 }],
  ['100%', { share: 1 }],
  ['2.5ms', { latency: 2.5 }],
  ['800kB, 5 ms', { bytes: 800_000, latency: 5 }],
  ['5ms,30%', { share: 0.3, latency: 5 }],
])('%s', (text, budget) => {
  expect(parseBudget(text)).toEqual(budget);
});

test.each(['', '0', '0%', '101%', '-3MB', '3MiB', 'MB', '1e3', '0ms', '5s', '1MB,2MB', '5ms,6ms', '5ms,'])(
  '%j is refused',
  (text) => {
    expect(() => parseBudget(text)).toThrow(/expected a size, a share or a time/);
  },
);
