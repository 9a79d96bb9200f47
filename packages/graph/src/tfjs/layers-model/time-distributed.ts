import type { Dim } from '../../ir/dim.js';
import { asObject, asString, property } from '../json.js';
import { type Operand, plainOperand } from '../operand.js';
import { type Layer, only } from './layer.js';

/** Applies the wrapped layer to each step: [n, t, ...] is seen as [n * t, ...] and split again. */
export function timeDistributed(
  layer: Layer,
  inputs: readonly Operand[],
  convert: (layer: Layer, inputs: readonly Operand[]) => Operand,
): Operand {
  const { e } = layer;
  const x = only(layer, inputs);
  const shape = e.shapeOf(x);
  const steps = shape?.[1];
  if (!shape || typeof steps !== 'number') throw layer.error('input', 'a known number of steps', String(steps));
  const wrapped = asObject(property(layer.config, 'layer'), 'layer');
  const name = asString(property(asObject(property(wrapped, 'config'), 'config'), 'name'), 'name');
  const known = (dims: readonly Dim[]): number[] => {
    if (!dims.every((dim) => typeof dim === 'number')) throw layer.error('input', 'known dims after the steps', dims);
    return dims as number[];
  };
  const flat = e.op('Reshape', [e.plain(x), e.int64([-1, ...known(shape.slice(2))])]);
  const weightsName = layer.hasAny(name) ? name : layer.name;
  const y = convert(layer.inner(wrapped, weightsName), [plainOperand(flat)]);
  const out = e.shapeOf(y);
  if (!out) throw layer.error('output', 'a known rank', 'an unknown one');
  return plainOperand(e.op('Reshape', [e.plain(y), e.int64([-1, steps, ...known(out.slice(1))])]));
}
