import type { Model, Node, Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import { badOption } from '../require-option.js';
import { dropout } from './lower-dropout.js';
import { matchesName } from './matches-name.js';
import type { DropoutSpec } from './training-form.js';

/** Most nodes that one message names. */
const NAMED = 5;

/** Puts dropout before the nodes that options name. */
export class DropoutInserter {
  /** Throws ERR_TRAIN_OPTIONS for a ratio out of range, and for names that pick no node of `model`. */
  constructor(
    model: Model,
    private readonly specs: readonly DropoutSpec[],
  ) {
    const nodes = [...model.graph.nodes()];
    for (const { before, ratio } of specs) {
      if (!(ratio >= 0 && ratio < 1)) badOption(`dropout before ${before}`, 'a ratio in [0, 1)', ratio);
      if (nodes.some((node) => picks(before, node))) continue;
      const names = nodes.map(({ name }) => name).filter((name) => name !== '');
      badOption('dropout', `nodes, operators or globs (such as ${names.slice(0, NAMED).join(', ')})`, before);
    }
  }

  /** The inputs that `node` reads in training. */
  inputsOf(g: Emitter, node: Node, inputs: readonly (Value | undefined)[]): readonly (Value | undefined)[] {
    const spec = this.specs.find(({ before }) => picks(before, node));
    if (!spec) return inputs;
    const [x, ...rest] = inputs;
    const dtype = x && g.dtype(x);
    if (dtype !== 'float32') badOption(`dropout before ${node.id}`, 'a first input of floats', dtype ?? 'none');
    return [dropout(g, x!, spec.ratio, node).y, ...rest];
  }
}

const picks = (pattern: string, node: Node): boolean => node.op === pattern || matchesName(pattern, node.name);
