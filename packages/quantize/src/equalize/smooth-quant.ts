import { inferTypes, type Model } from '@gossamer/graph';
import { badOption } from '../errors.js';
import { removeDeadCode } from '../remove-dead-code.js';
import { findInputGroups, type InputGroup, insertScale, isProductGroup, layersOf } from './input-groups.js';
import { channelMagnitudes, collectRows, type InputRows, type ObserveOptions } from './input-statistics.js';
import type { EqualizeNote, EqualizeResult } from './note.js';
import { ScaleEditor } from './scale-editor.js';
import { SmoothError } from './smooth-error.js';

export interface SmoothOptions extends ObserveOptions {
  /**
   * How much of the range moves from activations into weights, in [0, 1]; 'search': for each group of products, of 0, 0.1, ... 1 and no
   * smoothing the one with the least output error at 8 bits (0.5 where the inputs are no rows). Default 0.5.
   */
  readonly alpha?: number | 'search';
  /** Put a Mul in front of layers whose input cannot be scaled where it is made. Default true. */
  readonly insert?: boolean;
}

/** Rows on which an alpha is chosen. */
const SEARCH_ROWS = 48;

const GRID = Array.from({ length: 11 }, (_, i) => i / 10);

/**
 * SmoothQuant: input channel j of a layer is divided by s_j = max|X_j|^alpha / max|W_j|^(1 - alpha), its weights multiplied. Layers that
 * share an input share s, W_j over all of them. The division goes into what makes the input (scale and shift of a norm, rows of a layer,
 * a constant factor); where something else reads the input too, into a Mul in front of the layers. Channels that are zero on either side
 * stay. The function stays but for rounding.
 *
 * Source: Xiao et al. 2023, "SmoothQuant", arXiv:2211.10438, section 4, equation 4; s at least 1e-5 as in the official code.
 */
export async function smoothQuant(model: Model, options: SmoothOptions): Promise<EqualizeResult> {
  const { alpha = 0.5, insert = true } = options;
  if (alpha !== 'search' && !(alpha >= 0 && alpha <= 1)) badOption('alpha', "a number in [0, 1] or 'search'", alpha);
  const copy = model.clone();
  const { groups: found, notes } = findInputGroups(copy);
  const refusal = ({ channels, fold }: InputGroup) =>
    channels === 1 ? 'its input has one channel' : fold || insert ? undefined : 'its input has other readers';
  const groups = found.filter((group) => !refusal(group));
  const skipped = found.filter(refusal);
  const magnitudes = await channelMagnitudes(copy, groups, options);
  const searched = alpha === 'search' ? groups.filter(isProductGroup) : [];
  const rows = await collectRows(
    copy,
    searched.map(({ input }) => input),
    SEARCH_ROWS,
    options,
  );
  const types = inferTypes(copy);
  const editor = new ScaleEditor();
  const report: EqualizeNote[] = [...notes];
  for (const group of skipped) {
    report.push(...layersOf(group).map((layer) => ({ layer, done: false, text: refusal(group)! })));
  }
  for (const group of groups) {
    const most = magnitudes.get(group)!;
    const weights = editor.inputRange(group);
    const chosen = alpha === 'search' ? chooseAlpha(group, most, weights, rows.get(group.input)) : alpha;
    const layers = layersOf(group);
    if (chosen === undefined) {
      report.push(...layers.map((layer) => ({ layer, done: false, text: 'no smoothing has the least error' })));
      continue;
    }
    const fold = group.fold ?? insertScale(group, types.shapeOf(group.input)!.length);
    editor.apply(fold, smoothScale(most, weights, chosen));
    const where = group.fold ? `into ${group.fold.node.id}` : 'by a Mul in front';
    report.push(...layers.map((layer) => ({ layer, done: true, text: `alpha ${chosen}, divided ${where}` })));
  }
  editor.commit();
  removeDeadCode(copy);
  return { model: copy, report };
}

/** The scale of each channel: activations are divided by it. */
export function smoothScale(activations: Float64Array, weights: Float64Array, alpha: number): Float64Array {
  return activations.map((x, c) => {
    const w = weights[c]!;
    return x > 0 && w > 0 ? Math.max(x ** alpha / w ** (1 - alpha), 1e-5) : 1;
  });
}

/** The alpha with the least error; undefined: no smoothing has. */
function chooseAlpha(group: InputGroup, most: Float64Array, weights: Float64Array, rows: InputRows | undefined) {
  if (!rows) return 0.5;
  const error = new SmoothError(group, rows);
  let best: number | undefined;
  let least = error.of(new Float64Array(group.channels).fill(1));
  for (const candidate of GRID) {
    const found = error.of(smoothScale(most, weights, candidate));
    if (found < least) [best, least] = [candidate, found];
  }
  return best;
}
