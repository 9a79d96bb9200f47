import { attribute, type AttributeValue, type WeightView } from '@gossamer/graph';
import type { Factors, Stage } from '../methods/method.js';
import { type FactorStore, freshNodeName } from './stage-weight.js';

/** Convolutions one behind the other, the last of them the layer's own node: its name and bias stay where they are. */
export function writeConv(view: WeightView, { stages, last }: Factors, store: FactorStore): void {
  const { node } = view;
  const { graph } = node;
  // Before the node's own attributes change.
  const windows = [...stages, last].map((stage) => windowOf(view, stage));
  let x = node.input(0)!;
  stages.forEach((stage, i) => {
    const weight = store.value(`factor_${i}`, stage.dims, () => stage.weight);
    const group = stage.group === 1 ? {} : { group: attribute.int(stage.group) };
    const given = Object.entries(windows[i]!).filter(
      (entry): entry is [string, AttributeValue] => entry[1] !== undefined,
    );
    x = graph.add(
      {
        op: 'Conv',
        name: freshNodeName(node, `factor_${i}`),
        inputs: [x, weight],
        outputs: [`${node.output.name}_factor_${i}`],
        attributes: { ...Object.fromEntries(given), ...group },
      },
      { before: node },
    ).output;
  });
  graph.setInput(node, 0, x);
  const weight = store.value(`factor_${stages.length}`, last.dims, () => last.weight);
  graph.setInput(node, 1, weight);
  for (const [name, value] of Object.entries(windows.at(-1)!)) graph.setAttribute(node, name, value);
}

/** The layer's window along the axes of a stage; one point without padding along the others. Undefined: the default. */
function windowOf({ node, shape }: WeightView, { dims, axes }: Stage): Record<string, AttributeValue | undefined> {
  const count = shape.length - 2;
  const along = (name: string, fallback: number) => {
    const given = node.ints(name, undefined);
    if (!given) return undefined;
    const picked = given.map((value, i) => (axes.includes(i % count) ? value : fallback));
    return picked.every((value) => value === fallback) ? undefined : attribute.ints(picked);
  };
  // SAME pads a window of one point by nothing, but for strides: those stand on the stage that has them.
  const auto = node.string('auto_pad', 'NOTSET');
  return {
    kernel_shape: attribute.ints(dims.slice(2)),
    strides: along('strides', 1),
    dilations: along('dilations', 1),
    pads: along('pads', 0),
    auto_pad: axes.length > 0 && auto !== 'NOTSET' ? attribute.string(auto) : undefined,
  };
}
