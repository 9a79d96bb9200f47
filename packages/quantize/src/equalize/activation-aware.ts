import { inferTypes, type Model, type Value } from '@gossamer/graph';
import { removeDeadCode } from '../remove-dead-code.js';
import { awqScales, type AwqMoments, type RoundWeight } from './awq-scales.js';
import { findInputGroups, type InputGroup, insertScale, isProductGroup, layersOf } from './input-groups.js';
import { layerMatrix } from './layer-matrix.js';
import type { EqualizeNote, EqualizeResult } from './note.js';
import { ScaleEditor } from './scale-editor.js';

export interface ActivationAwareOptions {
  /** Moments of what a layer reads, rows along the last axis; undefined: its group stays as it is. */
  readonly momentsOf: (input: Value) => AwqMoments | undefined;
  /** The quantizer that will be used. */
  readonly round: RoundWeight;
  /** Put a Mul in front of layers whose input cannot be scaled where it is made. Default false. */
  readonly insert?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * AWQ on a model: for each group of products that share an input the scale that `awqScales` finds is divided out of what makes the input
 * and multiplied into the weights. The function stays but for rounding; what changes is how well `round` does afterwards. Moments are
 * those of the given model: `momentsOf` gets values of a copy with the same names.
 */
export function activationAware(model: Model, options: ActivationAwareOptions): EqualizeResult {
  const { momentsOf, round, insert = false, signal } = options;
  const copy = model.clone();
  const { groups, notes } = findInputGroups(copy);
  const report: EqualizeNote[] = [...notes];
  const types = inferTypes(copy);
  const editor = new ScaleEditor();
  for (const group of groups) {
    signal?.throwIfAborted();
    const note = (done: boolean, text: string) =>
      report.push(...layersOf(group).map((layer) => ({ layer, done, text })));
    const refusal = refuse(group, insert);
    const moments = refusal ? undefined : momentsOf(group.input);
    if (!moments) {
      note(false, refusal ?? 'no moments of its input');
      continue;
    }
    const layers = group.readers.map(({ view }) => layerMatrix(view));
    const { scale, exponent, error, errorUnscaled } = awqScales(layers, moments, round);
    if (exponent === 0) {
      note(false, 'no scale beats round-to-nearest');
      continue;
    }
    editor.apply(group.fold ?? insertScale(group, types.shapeOf(group.input)!.length), scale);
    note(true, `exponent ${exponent}, output error ${(error / errorUnscaled).toPrecision(3)} of round-to-nearest's`);
  }
  editor.commit();
  removeDeadCode(copy);
  return { model: copy, report };
}

function refuse(group: InputGroup, insert: boolean): string | undefined {
  if (!isProductGroup(group)) return 'its inputs are no rows';
  return group.fold || insert ? undefined : 'its input has other readers';
}
