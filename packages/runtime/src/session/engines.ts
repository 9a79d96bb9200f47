import { GossamerError } from '@gossamer/graph';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { Engine } from './engine.js';
import { autoEngine } from './auto-engine.js';
import { nativeEngine } from './native-engine.js';
import { ortEngine } from './ort-engine.js';
import { referenceEngine } from './reference-engine.js';
import { tfjsEngine } from './tfjs-engine.js';

/** Every engine, by name. */
export const ENGINES: Readonly<Record<string, Engine>> = {
  ort: ortEngine,
  native: nativeEngine,
  auto: autoEngine,
  reference: referenceEngine,
  tfjs: tfjsEngine,
};

/** The engine called `name`; throws ERR_ENGINE naming those there are. */
export function findEngine(name: string): Engine {
  const engine = Object.hasOwn(ENGINES, name) ? ENGINES[name] : undefined;
  if (engine) return engine;
  const names = Object.keys(ENGINES).join(', ');
  throw new GossamerError<RuntimeErrorCode>('ERR_ENGINE', `engine: expected one of ${names}, received ${name}`);
}
