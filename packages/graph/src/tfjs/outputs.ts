import type { Emitter } from './emitter.js';
import type { Operand } from './operand.js';
import { tensorType } from '../ir/value-type.js';

/** Makes operands the outputs of the graph, in TF.js's layout, under the names the source gives them. */
export function finishOutputs(
  e: Emitter,
  outputs: readonly { readonly name: string; readonly operand: Operand }[],
): void {
  for (const { name, operand } of outputs) {
    e.begin(name);
    if (operand.complex) throw e.error('output', 'real numbers', 'complex ones');
    let value = e.plain(operand);
    // An input, an initializer or another output keeps the name it has.
    if (value.isInput || value.initializer || value.isOutput) value = e.op('Identity', [value]);
    if (value.name !== name) {
      const taken = e.graph.value(name);
      if (taken && !taken.isInput && !taken.isOutput) e.graph.rename(taken, e.graph.uniqueName(`${name}/inner`));
      if (!e.graph.value(name)) e.graph.rename(value, name);
    }
    const { type } = e.types.infoOf(value);
    if (type && 'shape' in type) e.graph.setType(value, tensorType(type.dtype, type.shape));
    e.graph.addOutput(value);
  }
  e.finish();
}
