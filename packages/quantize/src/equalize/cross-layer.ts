import type { Model } from '@gossamer/graph';
import { removeDeadCode } from '../remove-dead-code.js';
import { findScaleFolds, type ScaleFold } from './foldable-scales.js';
import type { EqualizeNote, EqualizeResult } from './note.js';
import { ScaleEditor } from './scale-editor.js';

export interface CrossLayerOptions {
  /** Most rounds over all pairs. Default 40. */
  readonly rounds?: number;
  /** Stop when no scale of a round is further than this from 1. Default 1e-3. */
  readonly tolerance?: number;
}

export interface CrossLayerResult extends EqualizeResult {
  /** Rounds until the scales stood still. */
  readonly rounds: number;
}

/**
 * Cross-layer equalization: where a layer's channels reach only weights, through operators that are positively homogeneous, the channel i
 * is divided by s_i = sqrt(r1_i r2_i) / r2_i, r1 the largest magnitude of the rows that make it and r2 of the columns that read it (the
 * largest over all readers): both become sqrt(r1_i r2_i). All pairs in turn until nothing moves; a depthwise convolution between two
 * others is the end of one pair and the start of the next, and the fixed point is the cube root formula of the paper. Channels of zeros
 * (and of less than 2^-24 of their layer's largest weight) stay. The function stays but for rounding: every weight is rounded once.
 *
 * Source: Nagel et al. 2019, "Data-Free Quantization Through Weight Equalization and Bias Correction", arXiv:1906.04721, section 4.1.
 */
export function equalizeCrossLayer(model: Model, options: CrossLayerOptions = {}): CrossLayerResult {
  const { rounds: most = 40, tolerance = 1e-3 } = options;
  const copy = model.clone();
  const { folds: found, refusals } = findScaleFolds(copy);
  const folds = found.filter(({ kind }) => kind === 'layer');
  const editor = new ScaleEditor();
  let rounds = 0;
  for (let moved = Infinity; moved > tolerance && rounds < most; rounds++) {
    moved = 0;
    for (const fold of folds) {
      const scale = pairScale(editor.outputRange(fold), editor.inputRange(fold));
      editor.apply(fold, scale);
      for (const s of scale) moved = Math.max(moved, Math.abs(s - 1));
    }
  }
  const report = folds.map((fold) => noteOf(fold, editor.total(fold)!));
  editor.commit();
  removeDeadCode(copy);
  const refused = refusals.filter(({ node }) => node.op !== 'Mul' && !node.op.endsWith('Normalization'));
  const notes = refused.map(({ node, reason }) => ({ layer: node.id, done: false, text: reason }));
  return { model: copy, report: [...report, ...notes], rounds };
}

/** Below this share of its layer's largest weight a channel is rounding noise: to blow it up would blow up its bias. */
const NOISE = 2 ** -24;

/** sqrt(r1 r2) / r2 of each channel; 1 where a side is zero or noise. */
export function pairScale(outputRange: Float64Array, inputRange: Float64Array): Float64Array {
  const [most, mostIn] = [Math.max(...outputRange) * NOISE, Math.max(...inputRange) * NOISE];
  return outputRange.map((r1, c) => (r1 > most && inputRange[c]! > mostIn ? Math.sqrt(r1 / inputRange[c]!) : 1));
}

function noteOf({ node, readers }: ScaleFold, total: Float64Array): EqualizeNote {
  const [low, high] = [Math.min(...total), Math.max(...total)];
  const into = readers.map(({ view }) => view.layerId).join(', ');
  return {
    layer: node.id,
    done: true,
    text: `scales of ${low.toPrecision(3)} to ${high.toPrecision(3)} moved into ${into}`,
  };
}
