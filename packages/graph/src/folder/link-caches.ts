import { elementCount, Tensor } from '../ir/tensor.js';
import type { Model } from '../ir/model.js';
import type { Value } from '../ir/value.js';
import type { TensorType } from '../ir/value-type.js';

/**
 * States which outputs are inputs of the next run, by the names of exports for generation: `past_key_values.N...` from `present.N...`,
 * `past_conv.N` from `present_conv.N`, and so on for any `past...`. Changes `model`, whose state may be stated already. Returns the names
 * of the inputs linked.
 *
 * A cache that a merged decoder gives out only when it computes it (cross-attention: later runs hand out an empty constant in its place) is
 * an input like others: who calls keeps it. `init` is zeros where every size is known, empty along open axes; undefined where the number
 * of samples is open.
 */
export function linkCaches(model: Model): string[] {
  const { graph } = model;
  const isLinked = (value: Value) => graph.state.some(({ input, output }) => input === value || output === value);
  const outputs = new Map(graph.outputs.map((value) => [value.name, value]));
  const linked: string[] = [];
  for (const input of graph.inputs) {
    const name = presentName(input.name);
    const output = name === undefined ? undefined : outputs.get(name);
    if (!output || input.initializer || isLinked(input) || isLinked(output) || !fits(input, output)) continue;
    if (isPlaceholder(output)) continue;
    graph.linkState(input, output, initial(input));
    linked.push(input.name);
  }
  return linked;
}

/** The output that the next value of an input comes from. Source: transformers.js, src/models/modeling_utils.js, getPastKeyValues. */
function presentName(input: string): string | undefined {
  if (/^past_key_values[.]/.test(input)) return input.replace('past_key_values', 'present');
  return /^past[._]/.test(input) ? input.replace('past', 'present') : undefined;
}

const tensorOf = ({ type }: Value): TensorType | undefined => (type?.kind === 'tensor' ? type : undefined);

function fits(input: Value, output: Value): boolean {
  const [a, b] = [tensorOf(input), tensorOf(output)];
  if (!a || !b || a.dtype !== b.dtype) return false;
  return !a.shape || !b.shape || a.shape.length === b.shape.length;
}

/** True for an output of an If that some branch makes of an empty constant. */
function isPlaceholder(output: Value): boolean {
  const { producer } = output;
  if (!producer?.isStandard('If')) return false;
  const index = producer.outputs.indexOf(output);
  return producer.subgraphs().some((branch) => branch.outputs[index]?.constant?.length === 0);
}

function initial(input: Value): Tensor | undefined {
  const type = tensorOf(input);
  if (!type?.shape || !type.dtype || type.dtype === 'string' || typeof type.shape[0] !== 'number') return undefined;
  const dims = type.shape.map((dim) => (typeof dim === 'number' ? dim : 0));
  return Tensor.fromNumbers(type.dtype, dims, new Float64Array(elementCount(dims)));
}
