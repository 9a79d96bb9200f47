import { type Model, type Node, type Value } from '@gossamer/graph';
import type { Feeds } from '@gossamer/runtime';
import { addPowers } from '../noise-probe.js';
import { addDequantize, addParams, addQuantize, addWeightDequantize } from '../quantize-linear.js';
import { runAll } from './output-quality.js';
import type { StaticPlan } from './static-plan.js';
import type { ResolvedOptions } from '../resolved-options.js';
import { WeightReader } from '../weights/weight-reader.js';
import type { Unit } from './unit.js';
import { unitForm } from './unit-form.js';
import { quantizeUnitWeights, type UnitWeightOptions } from './unit-weights.js';

/**
 * How much noise quantizing each weighted unit alone adds to its own result: layer id -> noise power over signal power. All units are
 * measured in one run of the float model, in which each has a quantized twin that reads the same input. `plan` belongs to `model`,
 * which is used up.
 */
export async function layerNoise(
  model: Model,
  plan: StaticPlan,
  feeds: readonly Feeds[],
  options: ResolvedOptions,
): Promise<Map<string, number>> {
  const reader = new WeightReader(options.signal);
  const probes = new Map<string, { signal: string; noise: string }>();
  for (const unit of plan.units) {
    if (!unit.weight) continue;
    const twin = await addTwin(unit, plan, { ...unitForm(options, unit.node), reader });
    probes.set(unit.node.id, addPowers(unit.outputs[0]!, twin));
  }
  const totals = new Map([...probes.keys()].map((id) => [id, { signal: 0, noise: 0 }]));
  for (const outputs of await runAll(model, feeds, options.signal)) {
    for (const [id, { signal, noise }] of probes) {
      const total = totals.get(id)!;
      total.signal += outputs[signal]!.item();
      total.noise += outputs[noise]!.item();
    }
  }
  return new Map(Array.from(totals, ([id, { signal, noise }]) => [id, signal > 0 ? noise / signal : 0]));
}

/** Adds a quantized copy of the unit behind its last node; returns its result. */
async function addTwin(unit: Unit, plan: StaticPlan, options: UnitWeightOptions): Promise<Value> {
  const { node } = unit;
  const { graph } = node;
  const [input] = plan.inputs.get(unit)!;
  const params = plan.params(input!);
  const { weight } = await quantizeUnitWeights(unit, params.scale, options);
  const last = unit.clip ?? unit.biasAdd ?? node;
  const values = addParams(graph, `${input!.name}_probe`, params);
  const quantize = addQuantize(graph, input!, values, { after: last }, `${node.output.name}_probe`);
  const x = addDequantize(graph, quantize.output, values, { after: quantize }, `${node.output.name}_probe_input`);
  const product = copyNode(node, new Map([[0, x.output]]), x);
  const codes = graph.addInitializer(`${node.output.name}_probe_codes`, weight.codes);
  const scale = graph.addInitializer(`${node.output.name}_probe_scale`, weight.scale);
  const zeroPoint = graph.addInitializer(`${node.output.name}_probe_zero`, weight.zeroPoint);
  const parts = { codes, scale, zeroPoint };
  graph.setInput(product, 1, addWeightDequantize(graph, parts, weight.axis, product, `${node.output.name}_probe`));
  let result = product;
  for (const [follower, source] of [
    [unit.biasAdd, node],
    [unit.clip, unit.biasAdd ?? node],
  ] as const) {
    if (!follower) continue;
    const slot = follower.inputs.indexOf(source.output);
    result = copyNode(follower, new Map([[slot, result.output]]), result);
  }
  if (plan.givesFloat(unit)) return result.output;
  const outputParams = addParams(graph, `${unit.outputs[0]!.name}_probe`, plan.params(unit.outputs[0]!));
  const name = `${unit.outputs[0]!.name}_probe_result`;
  const codesOut = addQuantize(graph, result.output, outputParams, { after: result }, name);
  return addDequantize(graph, codesOut.output, outputParams, { after: codesOut }, `${name}_float`).output;
}

/** A second `node`, behind `after`, that reads `replaced` in the slots given. */
function copyNode(node: Node, replaced: ReadonlyMap<number, Value>, after: Node): Node {
  // Gemm's alpha is in the scale of the weight.
  const attributes = [...node.attributes].filter(([name]) => node.op !== 'Gemm' || name !== 'alpha');
  return node.graph.add(
    {
      op: node.op,
      domain: node.domain,
      inputs: node.inputs.map((value, slot) => replaced.get(slot) ?? value),
      outputs: node.outputs.map((value) => value && `${value.name}_probe`),
      attributes: Object.fromEntries(attributes.map(([name, item]) => [name, item.content])),
    },
    { after },
  );
}
