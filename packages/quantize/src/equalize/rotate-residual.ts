import { fromWeightMatrix, inferTypes, type Model, Tensor, toWeightMatrix, type WeightView } from '@gossamer/graph';
import { removeDeadCode } from '../remove-dead-code.js';
import { addToBias, replaceConstant } from './layer-bias.js';
import type { EqualizeNote, EqualizeResult } from './note.js';
import { findResidualStreams, type ResidualStream, type StreamNorm } from './residual-stream.js';
import { Rotation } from './rotation.js';

export interface RotateOptions {
  /** Decides the signs. Default 0. */
  readonly seed?: number;
}

/**
 * Rotates the residual stream of transformers by a randomised Hadamard matrix Q (`Rotation`): whatever writes to the stream (embeddings,
 * positions, output and down projections) is multiplied by Q, whatever reads it (query, key, value, up, head) by its transpose. Scale and
 * shift of the norms between go into the layers behind; the norms stay, since Q keeps the mean of a row. The function stays but for rounding,
 * while outliers of single channels are spread over all of them. A stream that reaches an output, or anything but norms, sums and
 * products, stays as it is.
 *
 * Source: Ashkboos et al. 2024, "QuaRot", arXiv:2404.00456, section 4, stage 1a (without its rotations at run time); the reflection that
 * spares the change to RMSNorm is ours.
 */
export function rotateResidual(model: Model, options: RotateOptions = {}): EqualizeResult {
  const copy = model.clone();
  const types = inferTypes(copy);
  const report: EqualizeNote[] = [];
  for (const graph of copy.graph.scopes()) {
    const { streams, refusals } = findResidualStreams(graph, types);
    report.push(...refusals.map(({ node, reason }) => ({ layer: node.id, done: false, text: reason })));
    for (const stream of streams) {
      const rotation = Rotation.of(stream.width, options.seed ?? 0);
      const reason = refuse(stream, rotation);
      const nodes = [...stream.writers, ...stream.readers, ...stream.norms.flatMap(({ readers }) => readers)];
      const before = zerosOf(nodes);
      if (rotation && !reason) rotate(stream, rotation);
      const lost = before - zerosOf(nodes);
      const loss = lost > 0 ? `; ${lost} of its weights were 0 and are not any more` : '';
      const text = reason ?? `its stream of width ${stream.width} rotated${loss}`;
      report.push(...nodes.map(({ layerId }) => ({ layer: layerId, done: !reason, text })));
    }
  }
  removeDeadCode(copy);
  return { model: copy, report };
}

const zerosOf = (views: readonly WeightView[]): number =>
  views.reduce((sum, view) => sum + view.toFloat32().filter((weight) => weight === 0).length, 0);

function refuse({ constants, width, writers }: ResidualStream, rotation: Rotation | undefined): string | undefined {
  if (!rotation) return `no Hadamard matrix of order ${width} is known`;
  if (writers.length === 0) return 'no weight writes to its stream';
  const wrong = constants.find(({ node, slot }) => {
    const tensor = node.input(slot)!.constant!;
    return tensor.dtype !== 'float32' || !(tensor.length === 1 || tensor.dims.at(-1) === width);
  });
  return wrong && `${wrong.node.id}: its constant does not have the width of the stream`;
}

function rotate({ writers, constants, norms, readers }: ResidualStream, rotation: Rotation): void {
  for (const view of writers) rotateRows(view, rotation);
  for (const { node, slot } of constants) {
    const tensor = node.input(slot)!.constant!;
    // Q 1 = 1 and Q is orthogonal: a number added everywhere stays.
    if (tensor.length === 1) continue;
    const data = tensor.toFloat64();
    rotation.applyRows(data);
    replaceConstant(node, slot, Tensor.of('float32', tensor.dims, Float32Array.from(data)));
  }
  for (const norm of norms) absorbNorm(norm);
  for (const view of [...readers, ...norms.flatMap((norm) => norm.readers)]) rotateColumns(view, rotation);
}

/** W <- Qᵀ W for a layer whose results are rotated; E <- E Q for a table. */
function rotateRows(view: WeightView, rotation: Rotation): void {
  const { groups, rows, columns, data } = toWeightMatrix(view);
  const rotated = Float64Array.from(data);
  if (view.role === 'embedding') rotation.applyRows(rotated);
  else {
    const column = new Float64Array(rows);
    for (let first = 0; first < groups * rows * columns; first += rows * columns) {
      for (let c = 0; c < columns; c++) {
        for (let row = 0; row < rows; row++) column[row] = rotated[first + row * columns + c]!;
        rotation.apply(column);
        for (let row = 0; row < rows; row++) rotated[first + row * columns + c] = column[row]!;
      }
    }
  }
  view.write(fromWeightMatrix(view, Float32Array.from(rotated)));
}

/** W <- W Q for a layer whose inputs are rotated. */
function rotateColumns(view: WeightView, rotation: Rotation): void {
  const rotated = Float64Array.from(toWeightMatrix(view).data);
  rotation.applyRows(rotated);
  view.write(fromWeightMatrix(view, Float32Array.from(rotated)));
}

/** Moves a norm's scale into the weights that read it, its shift into their biases. */
function absorbNorm({ node, readers }: StreamNorm): void {
  const [scale, shift] = [node.input(1)?.constant?.toFloat32(), node.input(2)?.constant?.toFloat32()];
  for (const view of readers) {
    const { rows, columns, data } = toWeightMatrix(view);
    const shifted = new Float64Array(rows);
    const scaled = data.map((weight, i) => {
      shifted[Math.floor(i / columns)]! += weight * (shift?.[i % columns] ?? 0);
      return weight * (scale?.[i % columns] ?? 1);
    });
    if (shifted.some((value) => value !== 0)) addToBias(view.node, shifted);
    view.write(fromWeightMatrix(view, scaled));
  }
  if (scale) replaceConstant(node, 1, Tensor.of('float32', [scale.length], new Float32Array(scale.length).fill(1)));
  if (shift) replaceConstant(node, 2, Tensor.of('float32', [shift.length], new Float32Array(shift.length)));
}
