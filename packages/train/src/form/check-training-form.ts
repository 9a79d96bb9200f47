import { GossamerError, type Model, type Node } from '@gossamer/graph';
import { TRAIN_DOMAIN } from '../emit/train-domain.js';
import type { TrainErrorCode } from '../error-codes.js';
import { findFunction } from '../functions/registry.js';
import { CONSTANT_OPERATORS } from './constant-operators.js';
import { findGradient } from '../gradients/registry.js';

/** Most nodes that one message names. */
const NAMED = 5;

/**
 * Throws ERR_TRAINING_FORM unless every node is a primitive (it has a gradient rule, or nothing flows through it) or a registered function, and
 * every value has a known type and sizes that are numbers. The message names the first nodes that are not.
 */
export function checkTrainingForm(model: Model): void {
  refuse([...model.graph.nodes()].filter((node) => !isKnown(node)));
}

/** Throws ERR_TRAINING_FORM for nodes with graphs of their own (If, Loop, Scan), whose shapes nothing here could follow. */
export function checkFlat(model: Model): void {
  refuse([...model.graph.nodes()].filter((node) => node.subgraphs().length > 0));
}

function refuse(strangers: readonly Node[]): void {
  if (strangers.length === 0) return;
  const named = strangers.slice(0, NAMED).map((node) => `${node.kind} (${node.id})`);
  const rest = strangers.length > NAMED ? ` and ${strangers.length - NAMED} others` : '';
  throw new GossamerError<TrainErrorCode>(
    'ERR_TRAINING_FORM',
    `model: expected operators that can be trained, received ${named.join(', ')}${rest}`,
  );
}

function isKnown(node: Node): boolean {
  if (node.subgraphs().length > 0) return false;
  if (node.domain === TRAIN_DOMAIN) return findFunction(node.op) !== undefined;
  return findGradient(node) !== undefined || (node.domain === '' && CONSTANT_OPERATORS.has(node.op));
}
