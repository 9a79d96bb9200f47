import { type Model, type Node, roundHalfEven, Tensor } from '@gossamer/graph';
import { findLayers, storedBytes } from '../layers.js';
import type { ReportBuilder } from '../report.js';
import { quantizeBias } from '../static/bias.js';
import { QdqEmitter } from '../static/emit-qdq.js';
import type { StaticPlan } from '../static/static-plan.js';
import { biasVector, type UnitWeights } from '../static/unit-weights.js';
import type { Unit } from '../static/unit.js';
import { CodeStore } from '../weights/code-store.js';
import { weightData } from '../weights/float-data.js';
import type { QuantizedWeight } from '../weights/quantize-channels.js';
import { scaleTensor } from '../weights/scale-tensor.js';
import type { AwarePlan } from './aware-plan.js';
import { alphaOf } from './first-grids.js';
import { type WeightGrid, weightLimits } from './grids.js';

/** Rewrites the planned units with the codes of `grids` (by value); readers in float see codes where integer kernels read them. */
export function emitLearned(plan: StaticPlan, grids: ReadonlyMap<string, WeightGrid>, report: ReportBuilder): void {
  const emitter = new QdqEmitter(plan, new CodeStore());
  const borders = new Set(plan.units.flatMap((unit) => plan.inputs.get(unit)!.map((value) => plan.root(value))));
  for (const unit of plan.units) {
    const { id, kind } = unit.node;
    const grid = unit.weight && grids.get(unit.node.input(1)!.name);
    const before = unit.weight?.stored.byteLength ?? 0;
    const inputScale = grid ? plan.params(plan.inputs.get(unit)![0]!).scale : 1;
    const after = emitter.emit(unit, grid && learnedWeights(unit, grid, inputScale));
    const reason = grid ? `runs as an integer kernel on weights of ${grid.bits} bits` : 'runs as an integer kernel';
    report.layer({ id, kind }, { action: 'quantized', reason, bytes: { before, after } });
  }
  for (const value of borders) if (!plan.producers.has(value)) readCodes(value.uses.map(({ node }) => node));
}

/** Reports every node with weights that stays in float, in the order of the graph, and keeps the place of those that do not. */
export function reportFloat(model: Model, { plan, reasons }: AwarePlan, report: ReportBuilder): void {
  const units = new Set(plan.units.map(({ node }) => node));
  for (const { node, views } of findLayers(model)) {
    const bytes = storedBytes(views);
    if (units.has(node))
      report.layer(node, { action: 'quantized', reason: '', bytes: { before: bytes, after: bytes } });
    else report.leftFloat(node, reasons.get(node) ?? 'inside a control-flow body', bytes);
  }
}

function learnedWeights(unit: Unit, grid: WeightGrid, inputScale: number): UnitWeights {
  const alpha = alphaOf(unit);
  const codes = quantizedWeight(weightData(unit.weight!), grid);
  const weight = alpha === 1 ? codes : { ...codes, scale: scaleTensor(codes.scale, alpha) };
  const bias = biasVector(unit, unit.weight!.shape[unit.weight!.outAxis]!);
  return { weight, bias: bias && quantizeBias(bias, inputScale, weight.scale) };
}

/** Codes of a weight on its learned grid, rounded half to even as in training, in float32; those of up to 4 bits take 4 in the file. */
export function quantizedWeight(data: Float32Array, { shape, axis, scales, bits }: WeightGrid): QuantizedWeight {
  const { quantMin, quantMax } = weightLimits(bits);
  const inner = axis === undefined ? data.length : shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const codes = Int8Array.from(data, (w, i) => {
    const scale = scales[Math.floor(i / inner) % scales.length]!;
    return Math.max(quantMin, Math.min(quantMax, roundHalfEven(Math.fround(w / scale))));
  });
  const dims = axis === undefined ? [] : [scales.length];
  return {
    codes: Tensor.of('int8', shape, codes),
    scale: Tensor.of('float32', dims, scales),
    zeroPoint: Tensor.of('int8', dims, new Int8Array(scales.length)),
    axis,
    ...(bits <= 4 ? { bits: 4 } : {}),
  };
}

/** Of what is not made in integers training saw the codes everywhere: other readers read what DequantizeLinear says, too. */
function readCodes(readers: readonly Node[]): void {
  const quantize = readers.find((node) => node.isStandard('QuantizeLinear'));
  if (!quantize) return;
  const input = quantize.input(0)!;
  const codes = quantize.output.uses.find(({ node }) => node.isStandard('Clip'))?.node.output ?? quantize.output;
  const dequantize = codes.uses.find(({ node }) => node.isStandard('DequantizeLinear'))!.node;
  for (const node of readers) {
    if (node === quantize) continue;
    node.inputs.forEach((value, slot) => {
      if (value === input) node.graph.setInput(node, slot, dequantize.output);
    });
  }
}
