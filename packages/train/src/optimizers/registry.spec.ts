import { findOptimizer, OPTIMIZERS } from './registry.js';

describe('findOptimizer', () => {
  it('finds each by its own name', () => {
    for (const [name, optimizer] of Object.entries(OPTIMIZERS)) {
      expect(optimizer.name).toBe(name);
      expect(findOptimizer(name)).toBe(optimizer);
    }
  });

  it('refuses others', () => {
    const code = expect.objectContaining({ code: 'ERR_TRAIN_OPTIONS' }) as Error;
    expect(() => findOptimizer('adagrad')).toThrow(code);
    expect(() => findOptimizer('toString')).toThrow(code);
  });
});
