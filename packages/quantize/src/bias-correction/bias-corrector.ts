import { toWeightMatrix, type WeightView } from '@gossamer/graph';
import { meanShift } from '../equalize/bias-correction.js';
import { addToBias, sumBehind } from '../equalize/layer-bias.js';
import type { EqualizeNote } from '../equalize/note.js';
import type { MeansOf } from './input-means.js';

/** Takes back by how much rounding moves the means of layers' outputs: b - (rounded - W) E[x] for each, E[x] of the float model. */
export class BiasCorrector {
  readonly notes: EqualizeNote[] = [];

  constructor(private readonly meansOf: MeansOf) {}

  /** How many layers were not corrected, by reason. */
  warnings(): string[] {
    const left = this.notes.filter(({ done }) => !done).map(({ text }) => text);
    return [...new Set(left)].map(
      (text) => `biasCorrection: left out ${left.filter((other) => other === text).length} layers: ${text}`,
    );
  }

  /** Notes why a layer is not corrected. */
  leave({ layerId }: WeightView, text: string): void {
    this.notes.push({ layer: layerId, done: false, text });
  }

  /** Corrects the bias of the layer of `view`, which still has its float weight, for `rounded` [groups, rows, columns]. A layer that takes no bias is left, with its reason. */
  correct(view: WeightView, rounded: Float32Array): void {
    const { node, layerId: layer } = view;
    const means = this.meansOf(view);
    const refused = means ? refuse(view) : 'the means of its inputs are not known';
    if (!means || refused !== undefined) return this.leave(view, refused!);
    const { groups, rows, columns, data } = toWeightMatrix(view);
    const size = rows * columns;
    const alpha = node.op === 'Gemm' ? node.float('alpha', 1) : 1;
    const shift = new Float64Array(groups * rows);
    for (let group = 0; group < groups; group++) {
      const [first, last] = [group * size, (group + 1) * size];
      shift.set(meanShift(rounded.subarray(first, last), data.subarray(first, last), means[group]!), group * rows);
    }
    const most = shift.reduce((a, b) => Math.max(a, Math.abs(b)), 0) * Math.abs(alpha);
    addToBias(
      node,
      shift.map((value) => -alpha * value),
    );
    this.notes.push({ layer, done: true, text: `bias corrected by up to ${most.toPrecision(3)}` });
  }
}

function refuse({ node, shape }: WeightView): string | undefined {
  if (node.op !== 'Conv' && shape.length !== 2) return 'it has a matrix for each of a batch';
  if (node.op === 'MatMul' && !sumBehind(node)) return 'MatMul takes no bias, and no constant is added behind it';
  return undefined;
}
