import { parameterOptions } from './parameter-group.js';

const matrix = { name: 'w', shape: [4, 3] };
const bias = { name: 'b', shape: [4] };

describe('parameterOptions', () => {
  it('lets matrices decay only', () => {
    expect(parameterOptions(matrix, 0.1)).toEqual({ learningRateFactor: 1, weightDecay: 0.1 });
    expect(parameterOptions({ name: 'k', shape: [8, 3, 3, 3] }, 0.1).weightDecay).toBe(0.1);
    expect(parameterOptions(bias, 0.1).weightDecay).toBe(0);
    expect(parameterOptions({ name: 's', shape: [] }, 0.1).weightDecay).toBe(0);
  });

  it('takes the options of the group that names it, else of the group without names', () => {
    const groups = [
      { names: ['b'], learningRateFactor: 2, decay: 'all' as const },
      { learningRateFactor: 0.5, weightDecay: 0.2 },
    ];
    expect(parameterOptions(bias, 0.1, groups)).toEqual({ learningRateFactor: 2, weightDecay: 0.1 });
    expect(parameterOptions(matrix, 0.1, groups)).toEqual({ learningRateFactor: 0.5, weightDecay: 0.2 });
  });

  it('refuses two claims and numbers out of range', () => {
    const code = expect.objectContaining({ code: 'ERR_TRAIN_OPTIONS' }) as Error;
    expect(() => parameterOptions(bias, 0, [{ names: ['b'] }, { names: ['b'] }])).toThrow(code);
    expect(() => parameterOptions(bias, 0, [{}, {}])).toThrow(code);
    expect(() => parameterOptions(bias, 0, [{ learningRateFactor: -1 }])).toThrow(code);
    expect(() => parameterOptions(bias, NaN)).toThrow(code);
    expect(() => parameterOptions(bias, 0, [{ decay: 'none' as never }])).toThrow(code);
  });
});
