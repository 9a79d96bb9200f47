import { dampedMoment } from './damped-moment.js';

test('the diagonal rises by a share of its live mean; inputs that are always 0 count as 1', () => {
  const second = Float64Array.of(4, 1, 0, 1, 2, 0, 0, 0, 0);
  expect([...dampedMoment(second, 3, 0.1)]).toEqual([4.3, 1, 0, 1, 2.3, 0, 0, 0, 1]);
  expect([...second]).toEqual([4, 1, 0, 1, 2, 0, 0, 0, 0]);
  expect([...dampedMoment(new Float64Array(4), 2, 0.1)]).toEqual([1, 0, 0, 1]);
  expect(() => dampedMoment(second, 2, 0.1)).toThrow(expect.objectContaining({ code: 'ERR_WRONG_LENGTH' }));
});
