import { resize } from '../../resize.js';
import { pad } from '../../pad.js';
import { asArray, asInteger, property } from '../../json.js';
import { channelsFirstOperand, plainOperand } from '../../operand.js';
import { defineImageLayer, defineLayer, only } from '../layer.js';

export const shapeLayers = [
  defineImageLayer('Flatten', (layer, inputs) => {
    return plainOperand(layer.e.op('Flatten', [layer.e.plain(only(layer, inputs))], { axis: 1 }));
  }),
  defineLayer('Reshape', (layer, inputs) => {
    const target = asArray(property(layer.config, 'target_shape'), 'target_shape').map((dim) =>
      dim === null ? -1 : asInteger(dim, 'target_shape'),
    );
    if (target.some((dim) => dim < -1 || dim === 0)) throw layer.error('target_shape', 'dims > 0 or -1', target);
    const { e } = layer;
    return plainOperand(e.op('Reshape', [e.plain(only(layer, inputs)), e.int64([0, ...target])]));
  }),
  defineLayer('Permute', (layer, inputs) => {
    const dims = asArray(property(layer.config, 'dims'), 'dims').map((dim) => asInteger(dim, 'dims'));
    const { e } = layer;
    return plainOperand(e.op('Transpose', [e.plain(only(layer, inputs))], { perm: [0, ...dims] }));
  }),
  defineLayer('RepeatVector', (layer, inputs) => {
    const { e } = layer;
    const column = e.op('Unsqueeze', [e.plain(only(layer, inputs)), e.int64([1])]);
    return plainOperand(e.op('Tile', [column, e.int64([1, layer.ints('n', 1)[0]!, 1])]));
  }),
  defineImageLayer('ZeroPadding2D', (layer, inputs) => {
    return pad(layer.e, only(layer, inputs), [[0, 0], ...layer.pairs('padding', 2), [0, 0]], 'constant');
  }),
  defineImageLayer('Cropping2D', (layer, inputs) => {
    const { e } = layer;
    const pairs = layer.pairs('cropping', 2);
    // Slice's end counts from the back; a crop of nothing ends past the end.
    const ends = pairs.map(([, end]) => (end === 0 ? Number.MAX_SAFE_INTEGER : -end));
    const starts = pairs.map(([begin]) => begin);
    const x = e.channelsFirst(only(layer, inputs));
    return channelsFirstOperand(e.op('Slice', [x, e.int64(starts), e.int64(ends), e.int64([2, 3])]));
  }),
  defineImageLayer('UpSampling2D', (layer, inputs) => {
    const { e } = layer;
    const x = only(layer, inputs);
    const factors = layer.ints('size', 2, [2]);
    const mode = layer.string('interpolation', 'nearest');
    if (mode !== 'nearest' && mode !== 'bilinear') throw layer.error('interpolation', 'nearest or bilinear', mode);
    return resize(e, x, { mode, coordinates: 'asymmetric', to: { factors } });
  }),
];
