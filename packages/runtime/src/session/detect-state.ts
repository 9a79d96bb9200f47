import { type Model, type StateLink, Tensor } from '@gossamer/graph';
import type { PortDim, PortSpec } from './port-spec.js';

/** A value carried from one run to the next: an output that is fed to an input, which starts from `init` (zeros when undefined). */
export interface StateFeed {
  readonly input: string;
  readonly output: string;
  readonly init?: Tensor | undefined;
}

/** How exporters name the output that an input's next value comes from. */
const SUCCESSORS: readonly ((input: string) => string)[] = [
  (name) => `${name}N`,
  (name) => `${name}n`,
  (name) => `${name}_n`,
  (name) => `${name}_out`,
  (name) => `${name}_next`,
  (name) => `${name}_new`,
  (name) => `new_${name}`,
  (name) => `next_${name}`,
  (name) => name.replace(/^(\w+?)_?0$/, '$1n'),
  (name) => name.replace(/^(\w+?)_0$/, '$1_n'),
  (name) => name.replace(/_in$/, '_out'),
  (name) => name.replace(/^in_/, 'out_'),
  (name) => name.replace(/^input_/, 'output_'),
  (name) => name.replace(/^past_key_values/, 'present'),
  (name) => name.replace(/^past/, 'present'),
];

/**
 * State that a graph states itself (`graph.state`), else pairs found by name with equal types and compatible shapes; none when they would
 * be all inputs, since something has to go in.
 */
export function detectState(from: Model | { inputs: readonly PortSpec[]; outputs: readonly PortSpec[] }): StateFeed[] {
  return 'graph' in from ? modelState(from) : portState(from.inputs, from.outputs);
}

function modelState({ graph }: Model): StateFeed[] {
  if (graph.state.length > 0) return graph.state.map(stateFeed);
  const ports = graph.inputs.filter((input) => !input.initializer).map(declared);
  return portState(ports, graph.outputs.map(declared));
}

const stateFeed = ({ input, output, init }: StateLink): StateFeed => ({ input: input.name, output: output.name, init });

function declared(value: Model['graph']['inputs'][number]): PortSpec {
  const type = value.type?.kind === 'tensor' ? value.type : undefined;
  const shape = type?.shape?.map((dim) => (typeof dim === 'number' ? dim : dim?.toString()));
  return { name: value.name, dtype: type?.dtype, shape };
}

function portState(inputs: readonly PortSpec[], outputs: readonly PortSpec[]): StateFeed[] {
  const byName = new Map(outputs.map((output) => [output.name, output]));
  const found: StateFeed[] = [];
  for (const input of inputs) {
    const names = SUCCESSORS.map((successor) => successor(input.name)).filter((name) => name !== input.name);
    const output = names.map((name) => byName.get(name)).find((port) => port && fits(input, port));
    if (!output) continue;
    byName.delete(output.name);
    found.push({ input: input.name, output: output.name });
  }
  return found.length < inputs.length ? found : [];
}

function fits(input: PortSpec, output: PortSpec): boolean {
  if (input.dtype !== output.dtype) return false;
  const [a, b] = [input.shape, output.shape];
  if (!a || !b) return true;
  return (
    a.length === b.length && a.every((dim, i) => typeof dim !== 'number' || typeof b[i] !== 'number' || dim === b[i])
  );
}

/** Zeros for a state input: open dimensions take the sizes other feeds give the same names, else the batch; caches (`past...`) start empty. */
export function zeroState(port: PortSpec, ports: readonly PortSpec[], feeds: Readonly<Record<string, Tensor>>): Tensor {
  const sizes = new Map<PortDim, number>();
  for (const { name, shape } of ports) {
    const dims = feeds[name]?.dims;
    if (dims?.length === shape?.length) shape?.forEach((dim, axis) => sizes.set(dim, dims![axis]!));
  }
  const batch = Object.values(feeds).find(({ dims }) => dims.length > 0)?.dims[0] ?? 1;
  const isCache = /^past/.test(port.name);
  const dims = (port.shape ?? []).map((dim, axis) => {
    if (typeof dim === 'number') return dim;
    const known = dim === undefined ? undefined : sizes.get(dim);
    return known ?? (isCache && axis > 0 ? 0 : batch);
  });
  const dtype = port.dtype ?? 'float32';
  const count = dims.reduce((product, dim) => product * dim, 1);
  return Tensor.fromNumbers(dtype, dims, new Float64Array(count));
}
