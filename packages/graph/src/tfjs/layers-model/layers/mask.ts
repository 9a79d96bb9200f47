import { plainOperand } from '../../operand.js';
import { defineLayer, only } from '../layer.js';

export const maskLayers = [
  defineLayer('Masking', (layer, inputs) => {
    const { e } = layer;
    const x = e.plain(only(layer, inputs));
    const isPadding = e.op('Equal', [x, e.constant(layer.number('mask_value', 0), 'float32')]);
    // A step counts where any of its numbers is another.
    const counts = e.op('ReduceMin', [e.cast(isPadding, 'int32'), e.int64([-1])], { keepdims: 0 });
    const mask = e.op('Not', [e.cast(counts, 'bool')]);
    const factor = e.op('Unsqueeze', [e.cast(mask, 'float32'), e.int64([-1])]);
    return { ...plainOperand(e.op('Mul', [x, factor])), mask };
  }),
  defineLayer('Embedding', (layer, inputs) => {
    const { e } = layer;
    const indices = e.cast(e.plain(only(layer, inputs)), 'int32');
    const rows = plainOperand(e.op('Gather', [e.plain(layer.weight('embeddings')), indices], { axis: 0 }));
    if (!layer.bool('mask_zero', false)) return rows;
    return { ...rows, mask: e.op('Not', [e.op('Equal', [indices, e.constant(0, 'int32')])]) };
  }),
];
