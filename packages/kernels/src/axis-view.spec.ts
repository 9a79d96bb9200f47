import { axisView } from './axis-view.js';

describe('axisView', () => {
  test('splits a shape around an axis', () => {
    expect(axisView([2, 3, 4, 5], 1)).toEqual({ outer: 2, axis: 3, inner: 20 });
    expect(axisView([2, 3], -1)).toEqual({ outer: 2, axis: 3, inner: 1 });
    expect(axisView([7], 0)).toEqual({ outer: 1, axis: 7, inner: 1 });
  });

  test.each([
    [[2, 3], 2],
    [[2, 3], -3],
    [[], 0],
    [[2, -3], 0],
    [[2, 1.5], 0],
    [[2, 3], 0.5],
  ])('refuses shape %j with axis %d', (shape, axis) => {
    expect(() => axisView(shape, axis)).toThrow(expect.objectContaining({ code: 'ERR_BAD_SHAPE' }));
  });
});
