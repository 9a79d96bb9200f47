import { draw } from './draw.js';
import type { SearchStrategy } from './search.js';
import { type Configuration, type SearchSpace, valueAtShare } from './search-space.js';

/** A configuration drawn from the space for trial `id`. */
export function randomConfiguration(space: SearchSpace, seed: number, id: number): Configuration {
  const entries = Object.entries(space);
  return Object.fromEntries(
    entries.map(([name, parameter]) => [name, valueAtShare(parameter, draw(seed, id, name, 1)[0]!)]),
  );
}

/**
 * Independent draws.
 *
 * Source: Bergstra and Bengio, "Random Search for Hyper-Parameter Optimization", JMLR 2012.
 */
export function randomSearch(): SearchStrategy {
  return {
    name: 'random',
    options: {},
    propose: (space, seed, history) => ({ configuration: randomConfiguration(space, seed, history.length) }),
  };
}
