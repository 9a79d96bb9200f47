import { Tensor, type Value } from '@gossamer/graph';
import { copyGraph } from '../emit/copy-graph.js';
import type { Emitter } from '../emit/emitter.js';
import { randomInput } from '../form/random-input.js';
import type { Parameter, TrainingForm } from '../form/training-form.js';
import { badOption } from '../require-option.js';
import { gateName, hardConcrete } from './hard-concrete.js';

/** Slices of a value that gates multiply. */
export interface GatedAxis {
  /** Name of a parameter or of any other float value of the form. */
  readonly value: string;
  readonly axis: number;
  /** The gate of each slice of the axis; -1: none. */
  readonly gateOf: Int32Array;
}

/** Gates that slices of several values share: a unit of a network and all that makes it. */
export interface SharedGates {
  /** Unique; their log alpha is the parameter `gateName(name)`. */
  readonly name: string;
  /** [gates], as it begins. */
  readonly logAlpha: Float32Array;
  readonly axes: readonly GatedAxis[];
}

/** `insertGates` with gates that slices of several values share. Throws ERR_TRAIN_OPTIONS for values, axes and gates that are not there. */
export function insertSharedGates(form: TrainingForm, specs: readonly SharedGates[], isTraining = true): TrainingForm {
  const byValue = new Map<string, { spec: SharedGates; axis: GatedAxis }[]>();
  for (const spec of specs)
    for (const axis of spec.axes) byValue.set(axis.value, [...(byValue.get(axis.value) ?? []), { spec, axis }]);
  const added: Parameter[] = [];
  const random = [...form.random];
  const made = new Map<SharedGates, Value>();
  /** [gates + 1], the last one 1. */
  const gatesOf = (g: Emitter, spec: SharedGates): Value => {
    const known = made.get(spec);
    if (known) return known;
    const [name, dims] = [gateName(spec.name), [spec.logAlpha.length]];
    const logAlpha = g.input(name, 'float32', dims);
    added.push({ name, role: 'bias', initial: Tensor.of('float32', dims, spec.logAlpha), isAdded: true });
    g.scope = `${name}/`;
    const noise = isTraining ? randomInput(g, name, dims) : undefined;
    if (noise) random.push({ name: noise.name, shape: dims });
    const gates = g.concat([hardConcrete(g, logAlpha, noise), g.constant([1])], 0);
    made.set(spec, gates);
    return gates;
  };
  const met = new Set<string>();
  const { g, made: values } = copyGraph(
    form.model,
    () => undefined,
    (emitter, value) => {
      const own = byValue.get(value.name) ?? [];
      met.add(value.name);
      return own.reduce((gated, { spec, axis }) => {
        check(emitter, value, spec, axis);
        const indices = [...axis.gateOf].map((gate) => (gate < 0 ? spec.logAlpha.length : gate));
        const factors = emitter.op('Gather', [gatesOf(emitter, spec), emitter.int64(indices)], { axis: 0 });
        const shape = emitter.shape(value).map((size, at) => (at === axis.axis ? size : 1));
        return emitter.mul(gated, emitter.reshape(factors, shape));
      }, value);
    },
  );
  const missing = [...byValue.keys()].find((name) => !met.has(name));
  if (missing !== undefined) badOption('gates', 'an input or a result of the training form', missing);
  for (const output of form.model.graph.outputs) g.output(values.get(output)!, output.name);
  return { ...form, model: g.model, random, parameters: [...form.parameters, ...added] };
}

function check(g: Emitter, value: Value, { name, logAlpha }: SharedGates, { axis, gateOf }: GatedAxis): void {
  const shape = g.shape(value);
  if (g.dtype(value) !== 'float32') badOption(`gates ${name}`, 'float32 values', `${value.name}: ${g.dtype(value)}`);
  if (shape[axis] !== gateOf.length)
    badOption(`gates ${name}`, `${shape[axis]} slices of ${value.name}`, gateOf.length);
  const wrong = gateOf.find((gate) => gate < -1 || gate >= logAlpha.length);
  if (wrong !== undefined) badOption(`gates ${name}`, `gates in [-1, ${logAlpha.length})`, wrong);
}
