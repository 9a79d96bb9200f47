import { type Model, type Node, Tensor, type Value } from '@gossamer/graph';
import { type DataSource, Session, type SessionOptions } from '@gossamer/runtime';
import { findLayers } from '../layers.js';
import { addPowers } from '../noise-probe.js';
import { type ChoiceUnit, simulateWeight } from './choice-unit.js';
import type { WeightOption } from './weight-option.js';

/**
 * Noise over signal of each layer's own result when its weights are stored as each option says and its input is the float model's: all options of
 * all units in one run, by twins that read what the layer reads. Of a unit with several layers, the sum; a layer inside a control-flow body gets the
 * squared error of its weights over their squares. Memory: the weights once for each option.
 */
export async function ownNoise(
  model: Model,
  units: readonly ChoiceUnit[],
  options: readonly WeightOption[],
  data: DataSource,
  session: Pick<SessionOptions, 'engine' | 'threads' | 'signal'>,
): Promise<number[][]> {
  const copy = model.clone();
  const layers = new Map(findLayers(copy).map((layer) => [layer.node.id, layer]));
  const noise = units.map(() => options.map(() => 0));
  const probes: Probe[] = [];
  for (const [u, unit] of units.entries()) {
    for (const [o, option] of options.entries()) {
      const values = new Map(unit.views.map((view) => [view.source.name, simulateWeight(view, option)]));
      for (const id of unit.layers) {
        const { node, views } = layers.get(id)!;
        if (node.graph.owner !== undefined) {
          for (const view of unit.views) noise[u]![o]! += weightNoise(view.toFloat32(), values.get(view.source.name)!);
          continue;
        }
        const replaced = new Map<number, Value>();
        for (const view of views) {
          const data = values.get(view.source.name);
          if (!data) continue;
          const tensor = Tensor.of('float32', view.shape, data);
          replaced.set(view.inputIndex, copy.graph.addInitializer(`${view.source.name}_probe`, tensor));
        }
        const slot = node.outputs.findIndex((value) => value !== undefined);
        const twin = addTwin(node, replaced);
        probes.push({ unit: u, option: o, ...addPowers(node.outputs[slot]!, twin.outputs[slot]!) });
      }
    }
  }
  const sums = await runProbes(copy, probes, data, session);
  probes.forEach(({ unit, option }, i) => {
    const { signal, noise: power } = sums[i]!;
    noise[unit]![option]! += signal > 0 ? power / signal : 0;
  });
  return noise;
}

interface Probe {
  readonly unit: number;
  readonly option: number;
  /** Names of outputs. */
  readonly signal: string;
  readonly noise: string;
}

function weightNoise(own: Float32Array, changed: Float32Array): number {
  let [signal, noise] = [0, 0];
  own.forEach((value, i) => {
    signal += value * value;
    noise += (value - changed[i]!) ** 2;
  });
  return signal > 0 ? noise / signal : 0;
}

/** A second `node` with other weights. */
function addTwin(node: Node, replaced: ReadonlyMap<number, Value>): Node {
  return node.graph.add(
    {
      op: node.op,
      domain: node.domain,
      inputs: node.inputs.map((value, slot) => replaced.get(slot) ?? value),
      outputs: node.outputs.map((value) => value && `${value.name}_probe`),
      attributes: Object.fromEntries([...node.attributes].map(([name, item]) => [name, item.content])),
    },
    { after: node },
  );
}

async function runProbes(
  model: Model,
  probes: readonly Probe[],
  data: DataSource,
  options: Pick<SessionOptions, 'engine' | 'threads' | 'signal'>,
): Promise<{ signal: number; noise: number }[]> {
  const sums = probes.map(() => ({ signal: 0, noise: 0 }));
  const names = probes.flatMap(({ signal, noise }) => [signal, noise]);
  const session = await Session.open(model, options);
  try {
    for await (const batch of data.batches({ inputs: session.inputs })) {
      options.signal?.throwIfAborted();
      // A sequence: its first step.
      const outputs = await session.run({ ...batch.feeds, ...batch.steps?.[0] }, { outputs: names });
      probes.forEach(({ signal, noise }, i) => {
        sums[i]!.signal += outputs[signal]!.item();
        sums[i]!.noise += outputs[noise]!.item();
      });
    }
  } finally {
    await session.dispose();
  }
  return sums;
}
