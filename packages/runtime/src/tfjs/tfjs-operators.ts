import { registeredKinds } from './registry.js';

/** Kinds (`Conv`, `gossamer.train::ConvGradInput`) of the operators that the engine tfjs has, sorted. */
export function tfjsOperators(): string[] {
  return registeredKinds();
}
