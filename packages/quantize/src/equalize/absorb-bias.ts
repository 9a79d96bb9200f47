import { inferTypes, type Model, type Node, type Value } from '@gossamer/graph';
import { calibrate, valueId } from '@gossamer/runtime';
import { removeDeadCode } from '../remove-dead-code.js';
import { findScaleFolds, type ScaleFold, type ScaleReader } from './foldable-scales.js';
import { limitedData, type ObserveOptions, runOptions } from './input-statistics.js';
import { addToBias } from './layer-bias.js';
import { eachRow, layerMatrix, outputChannels } from './layer-matrix.js';
import type { EqualizeNote, EqualizeResult } from './note.js';

/** Operators that pass on a shift of all they read, the activations among them where what they read stays above 0. */
const SHIFTED: ReadonlySet<string> = new Set([
  ...['Relu', 'LeakyRelu', 'PRelu', 'Identity', 'Dropout', 'MaxPool', 'AveragePool', 'GlobalAveragePool'],
  ...['GlobalMaxPool', 'ReduceMean', 'Flatten', 'Reshape', 'Transpose', 'Squeeze', 'Unsqueeze'],
]);

/**
 * High-bias absorption: what channel i of a layer always has at least, c_i = max(0, least value before the activation over the data), is
 * taken out of the layer's bias and put, times the weights that read it, into the biases behind: smaller activations, the same function
 * wherever the value before the activation stays at c_i or above, which holds for the data seen but not for every input. Convolutions that
 * pad read zeros without the shift and are left alone. After cross-layer equalization, which makes such biases.
 *
 * Source: Nagel et al. 2019, arXiv:1906.04721, section 4.1.3; there c = max(0, beta - 3 gamma) of the BatchNormalization before it.
 */
export async function absorbHighBiases(model: Model, options: ObserveOptions): Promise<EqualizeResult> {
  const copy = model.clone();
  const types = inferTypes(copy);
  const report: EqualizeNote[] = [];
  const wanted: { fold: ScaleFold; before: Value; axis: number }[] = [];
  for (const fold of findScaleFolds(copy).folds.filter(({ kind }) => kind === 'layer')) {
    const before = beforeActivation(fold);
    const rank = before && types.shapeOf(before)?.length;
    const reason =
      typeof rank === 'number'
        ? fold.readers.map(refuseReader).find((text) => text)
        : 'a product or a part of it lies between';
    if (reason || !before) report.push({ layer: fold.node.id, done: false, text: reason! });
    else wanted.push({ fold, before, axis: fold.node.op === 'MatMul' ? rank! - 1 : 1 });
  }
  if (wanted.length === 0) return { model: copy, report };
  const requests = wanted.map(({ before, axis }) => ({ value: before, axis, histogram: false }));
  const { statistics } = await calibrate(copy, requests, limitedData(options), runOptions(options));
  const least = wanted.map(({ before }) => statistics.get(valueId(before))?.channels?.min);
  wanted.forEach(({ fold }, i) => {
    const amount = Float64Array.from(least[i] ?? [], (low) => (Number.isFinite(low) ? Math.max(0, low) : 0));
    const channels = amount.filter((c) => c > 0).length;
    if (channels > 0) absorb(fold, amount);
    report.push({ layer: fold.node.id, done: channels > 0, text: `${channels} channels are always above 0` });
  });
  removeDeadCode(copy);
  return { model: copy, report };
}

/** The value that enters the activation: behind the bias, if that is an Add. Undefined where more than shifts lies between. */
function beforeActivation({ node, passed }: ScaleFold): Value | undefined {
  const adds = passed.findIndex((step) => !step.isStandard('Add'));
  const biases = adds < 0 ? passed : passed.slice(0, adds);
  const rest = passed.slice(biases.length);
  if (biases.length > 1 || rest.some((step) => !SHIFTED.has(step.kind) || padsWithZeros(step))) return undefined;
  return (biases[0] ?? node).output;
}

const pads = (node: Node): boolean =>
  (node.ints('pads', undefined)?.some((pad) => pad !== 0) ?? false) ||
  node.string('auto_pad', 'NOTSET').startsWith('SAME');

const padsWithZeros = (node: Node): boolean =>
  node.op === 'AveragePool' && pads(node) && node.int('count_include_pad', 0) !== 0;

function refuseReader({ view: { node, op } }: ScaleReader): string | undefined {
  if (op === 'Conv' && !pads(node)) return undefined;
  if (op === 'MatMul' || (op === 'Gemm' && node.float('alpha', 1) === 1)) return undefined;
  return op === 'Conv' ? `${node.id} pads with zeros` : `${node.id}: the shift cannot go into a ${op}`;
}

function absorb({ node, readers }: ScaleFold, amount: Float64Array): void {
  addToBias(
    node,
    amount.map((c) => -c),
  );
  for (const { view, channelOf } of readers) {
    const matrix = layerMatrix(view);
    const shift = new Float64Array(outputChannels(matrix));
    eachRow(matrix, (first, output, inputs) => {
      inputs.forEach((input, column) => (shift[output]! += matrix.data[first + column]! * amount[channelOf[input]!]!));
    });
    addToBias(view.node, shift);
  }
}
