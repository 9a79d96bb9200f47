import { allocateBits, type BitOption } from './allocate-bits.js';

/** Every choice in turn: the least omega under the budget, of equals the cheapest. */
function bruteForce(layers: readonly (readonly BitOption[])[], budget: number): { omega: number; cost: number } {
  let best = { omega: Infinity, cost: Infinity };
  const visit = (layer: number, cost: number, omega: number): void => {
    if (cost > budget) return;
    if (layer === layers.length) {
      if (omega < best.omega || (omega === best.omega && cost < best.cost)) best = { omega, cost };
      return;
    }
    for (const option of layers[layer]!) visit(layer + 1, cost + option.cost, omega + option.omega);
  };
  visit(0, 0, 0);
  return best;
}

/** Numbers in [0, 1): Numerical Recipes' linear congruential generator. */
function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function randomLayers(seed: number, layers: number): BitOption[][] {
  const next = uniform(seed);
  return Array.from({ length: layers }, () => {
    const weights = Math.ceil(next() * 1000);
    const sensitivity = next() ** 4;
    return [2, 3, 4, 8].map((bits) => ({
      cost: Math.ceil((weights * bits) / 8),
      omega: sensitivity * 4 ** -bits * (0.5 + next()),
    }));
  });
}

describe('allocateBits', () => {
  it('equals brute force on six layers of four widths, whatever the budget', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const layers = randomLayers(seed, 6);
      const [low, high] = [0, 3].map((i) => layers.reduce((sum, options) => sum + options[i]!.cost, 0));
      for (let part = 0; part <= 12; part++) {
        const budget = low! + Math.round(((high! - low!) * part) / 12);
        const { omega, cost, step, choice } = allocateBits(layers, budget);
        expect({ omega, cost, step }).toEqual({ ...bruteForce(layers, budget), step: 0 });
        expect(choice).toHaveLength(6);
      }
    }
  });

  it('takes milliseconds as it takes bytes, and options that are dear and bad', () => {
    const next = uniform(7);
    const layers = Array.from({ length: 6 }, () =>
      Array.from({ length: 4 }, () => ({ cost: next(), omega: next() - 0.5 })),
    );
    const budget = 2.5;
    const { omega, cost } = allocateBits(layers, budget);
    expect({ omega, cost }).toEqual(bruteForce(layers, budget));
  });

  it('goes to the lower cost, then the same way each time, where omegas tie', () => {
    const layer = [
      { cost: 2, omega: 1 },
      { cost: 1, omega: 1 },
      { cost: 3, omega: 0 },
    ];
    expect(allocateBits([layer, layer], 4)).toEqual({ choice: [2, 1], cost: 4, omega: 1, step: 0 });
    expect(allocateBits([layer, layer], 3)).toEqual({ choice: [1, 1], cost: 2, omega: 2, step: 0 });
  });

  it('is exact for hundreds of layers', () => {
    const layers = randomLayers(3, 300);
    const eight = layers.reduce((sum, options) => sum + options[3]!.cost, 0);
    const { cost, omega, step } = allocateBits(layers, eight / 2);
    expect(step).toBe(0);
    expect(cost).toBeLessThanOrEqual(eight / 2);
    const uniformOmega = layers.reduce((sum, options) => sum + options[2]!.omega, 0);
    expect(omega).toBeLessThan(uniformOmega);
  });

  it('keeps to the budget on a grid where there are too many states, and says which', () => {
    const layers = randomLayers(5, 12);
    const budget = layers.reduce((sum, options) => sum + options[2]!.cost, 0);
    const exact = allocateBits(layers, budget);
    const coarse = allocateBits(layers, budget, 4);
    expect(coarse.step).toBeGreaterThan(0);
    expect(coarse.cost).toBeLessThanOrEqual(budget);
    expect(coarse.omega).toBeGreaterThanOrEqual(exact.omega);
  });

  it('takes the best of everything where nothing is short', () => {
    const layers = randomLayers(2, 5);
    expect(allocateBits(layers, Infinity)).toEqual(allocateBits(layers, 1e9));
    const least = layers.reduce((sum, options) => sum + Math.min(...options.map(({ omega }) => omega)), 0);
    expect(allocateBits(layers, Infinity).omega).toBe(least);
  });

  it('needs room for the cheapest options', () => {
    expect(() => allocateBits([[{ cost: 3, omega: 0 }], [{ cost: 4, omega: 0 }]], 6)).toThrow(
      expect.objectContaining({ code: 'ERR_QUANTIZE_OPTION' }) as Error,
    );
    expect(allocateBits([[{ cost: 3, omega: 0 }], [{ cost: 4, omega: 0 }]], 7).choice).toEqual([0, 0]);
  });
});
