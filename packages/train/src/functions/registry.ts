import type { TrainFunction } from './train-function.js';

/** Every registered function; one line each. */
const FUNCTIONS: readonly TrainFunction[] = [];

const BY_NAME = new Map(FUNCTIONS.map((definition) => [definition.name, definition]));

/** The function called `name`; undefined where there is none. */
export const findFunction = (name: string): TrainFunction | undefined => BY_NAME.get(name);

/** Names of all functions, sorted. */
export const functionNames = (): string[] => [...BY_NAME.keys()].sort();
