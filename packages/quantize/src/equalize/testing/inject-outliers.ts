import type { Model } from '@gossamer/graph';
import { findScaleFolds } from '../foldable-scales.js';
import { ScaleEditor } from '../scale-editor.js';

/**
 * A copy whose norms give `factor` times as much in every `every`-th channel, what reads them having weights that much smaller: the same
 * function, bit for bit when `factor` is a power of two, with the activations that large language models have.
 */
export function injectOutliers(model: Model, factor: number, every: number): Model {
  const copy = model.clone();
  const editor = new ScaleEditor();
  for (const fold of findScaleFolds(copy).folds.filter(({ kind }) => kind === 'norm')) {
    editor.apply(
      fold,
      Float64Array.from({ length: fold.channels }, (_, c) => (c % every === 0 ? 1 / factor : 1)),
    );
  }
  editor.commit();
  return copy;
}
