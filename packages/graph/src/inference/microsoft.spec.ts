import { attribute } from '../ir/attribute.js';
import type { Tensor } from '../ir/tensor.js';
import { inferTypes } from './infer-types.js';
import { judge } from './testing/node-test-types.js';
import { floats, modelOf, numbers, type OperatorCall, runTypes } from './testing/ort-referee.js';

const { int, ints, float, string } = attribute;
const domain = 'com.microsoft';
const scale = () => numbers('float32', [], [0.5]);
const zero = (dtype: 'uint8' | 'int8' = 'uint8') => numbers(dtype, [], [1]);
const bytes = (...dims: number[]) => numbers('uint8', dims);
const signed = (...dims: number[]) => numbers('int8', dims);
const int32s = (dims: number[], values?: number[]) => numbers('int32', dims, values);
const call = (
  op: string,
  inputs: OperatorCall['inputs'],
  attributes: OperatorCall['attributes'] = {},
  outputs = 1,
): OperatorCall => ({
  op,
  domain,
  opset: 17,
  inputs,
  attributes,
  outputs,
});

/** One call an operator, each small; ONNX Runtime says what its outputs are. */
const CALLS: readonly OperatorCall[] = [
  call('QLinearAdd', [bytes(2, 3), scale(), zero(), bytes(3), scale(), zero(), scale(), zero()]),
  call('QLinearMul', [signed(2, 1), scale(), zero('int8'), signed(3), scale(), zero('int8'), scale(), zero('int8')]),
  call('QLinearSigmoid', [bytes(2, 3), scale(), zero(), scale(), zero()]),
  call('QLinearLeakyRelu', [bytes(2, 3), scale(), zero(), scale(), zero()], { alpha: float(0.1) }),
  call('QLinearSoftmax', [bytes(2, 3), scale(), zero(), scale(), zero()], { axis: int(1), opset: int(13) }),
  call('QLinearAveragePool', [bytes(1, 2, 7, 7), scale(), zero(), scale(), zero()], {
    kernel_shape: ints([3, 3]),
    strides: ints([2, 2]),
    pads: ints([1, 1, 1, 1]),
  }),
  call('QLinearAveragePool', [bytes(1, 7, 7, 2), scale(), zero(), scale(), zero()], {
    kernel_shape: ints([3, 3]),
    channels_last: int(1),
  }),
  call('QLinearGlobalAveragePool', [bytes(1, 2, 7, 7), scale(), zero(), scale(), zero()]),
  call('QLinearGlobalAveragePool', [bytes(1, 7, 7, 2), scale(), zero(), scale(), zero()], { channels_last: int(1) }),
  call('QLinearConcat', [scale(), zero(), bytes(2, 3), scale(), zero(), bytes(2, 4), scale(), zero()], {
    axis: int(1),
  }),
  call('QLinearWhere', [
    numbers('bool', [2, 1]),
    bytes(3),
    scale(),
    zero(),
    bytes(1),
    scale(),
    zero(),
    scale(),
    zero(),
  ]),
  call('QGemm', [bytes(2, 3), scale(), zero(), signed(3, 4), scale(), zero('int8'), null, scale(), zero()]),
  call('QGemm', [bytes(2, 3), scale(), zero(), signed(4, 3), scale(), zero('int8')], { transB: int(1) }),
  call(
    'QLinearConv',
    [bytes(1, 5, 5, 3), scale(), zero(), signed(4, 3, 3, 3), scale(), zero('int8'), scale(), zero()],
    {
      channels_last: int(1),
      kernel_shape: ints([3, 3]),
    },
  ),
  call('MatMulIntegerToFloat', [bytes(2, 3), signed(3, 4), scale(), scale(), zero(), zero('int8')]),
  call('DynamicQuantizeMatMul', [floats(2, 3), signed(3, 4), scale(), zero('int8')]),
  call('DynamicQuantizeLSTM', lstmInputs(), { hidden_size: int(4) }, 3),
  call('MatMulNBits', [floats(2, 3, 32), bytes(5, 2, 8), floats(5 * 2)], {
    K: int(32),
    N: int(5),
    bits: int(4),
    block_size: int(16),
  }),
  call('GatherBlockQuantized', [bytes(6, 16), numbers('int64', [2, 3]), floats(6, 2)], {
    gather_axis: int(0),
    quantize_axis: int(1),
    block_size: int(16),
    bits: int(4),
  }),
  call('FusedConv', [floats(1, 2, 5, 5), floats(3, 2, 3, 3)], { activation: string('Relu') }),
  call('FusedGemm', [floats(2, 3), floats(4, 3)], { activation: string('Relu'), transB: int(1) }),
  call('FusedMatMul', [floats(2, 3, 4), floats(2, 5, 4)], { transB: int(1) }),
  call('FusedMatMul', [floats(3, 2, 4), floats(2, 4, 5)], { transBatchA: int(1) }),
  call('FusedMatMul', [floats(3, 2, 4), floats(2, 3, 5)], { transBatchA: int(1), transA: int(1) }),
  call('Gelu', [floats(2, 3)]),
  call('FastGelu', [floats(2, 3), floats(3)]),
  call('BiasGelu', [floats(2, 3), floats(3)]),
  call('QuickGelu', [floats(2, 3)]),
  call('SkipLayerNormalization', [floats(2, 3, 4), floats(2, 3, 4), floats(4), floats(4)]),
  call('SkipSimplifiedLayerNormalization', [floats(2, 3, 4), floats(2, 3, 4), floats(4)]),
  call(
    'EmbedLayerNormalization',
    [int32s([2, 3]), null, floats(5, 8), floats(6, 8), null, floats(8), floats(8), int32s([2, 3])],
    {},
    2,
  ),
  call('Attention', [floats(2, 3, 8), floats(8, 24), floats(24)], { num_heads: int(2) }),
  call(
    'Attention',
    [floats(2, 3, 8), floats(8, 24), floats(24), null, floats(2, 2, 2, 5, 4)],
    { num_heads: int(2) },
    2,
  ),
  call('Attention', [floats(2, 3, 8), floats(8, 32), floats(32)], {
    num_heads: int(2),
    qkv_hidden_sizes: ints([8, 8, 16]),
  }),
  call('QAttention', [bytes(1, 3, 8), signed(8, 24), floats(24), scale(), scale(), null, zero(), zero('int8')], {
    num_heads: int(2),
  }),
  call('MultiHeadAttention', [floats(2, 3, 8), floats(2, 5, 8), floats(2, 5, 8)], { num_heads: int(2) }, 3),
  call(
    'MultiHeadAttention',
    [floats(2, 1, 8), floats(2, 1, 8), floats(2, 1, 8), null, null, null, floats(2, 2, 4, 4), floats(2, 2, 4, 4)],
    { num_heads: int(2) },
    3,
  ),
  call(
    'GroupQueryAttention',
    [floats(1, 3, 32), floats(1, 3, 16), floats(1, 3, 16), null, null, int32s([1], [2]), int32s([], [3])],
    { num_heads: int(4), kv_num_heads: int(2) },
    3,
  ),
  call(
    'GroupQueryAttention',
    [floats(1, 1, 64), null, null, floats(1, 2, 5, 8), floats(1, 2, 5, 8), int32s([1], [5]), int32s([], [6])],
    { num_heads: int(4), kv_num_heads: int(2) },
    3,
  ),
  call('RotaryEmbedding', [floats(1, 3, 8), numbers('int64', [1, 3], [0, 1, 2]), floats(4, 2), floats(4, 2)], {
    num_heads: int(2),
  }),
  call('Trilu', [floats(2, 3)]),
];

function lstmInputs(): (Tensor | null)[] {
  const quantized = [signed(1, 3, 16), signed(1, 4, 16)];
  const state = new Array<null>(5).fill(null);
  return [floats(5, 2, 3), ...quantized, ...state, floats(1), signed(1), floats(1), signed(1)];
}

test.each(CALLS.map((item, index) => ({ item, title: `${index}: ${item.op}` })))(
  '$title: as ONNX Runtime has it',
  async ({ item }) => {
    const { model, feeds } = modelOf(item);
    const produced = await runTypes(model, feeds);
    const types = inferTypes(model, { strict: true, data: feeds });
    for (const value of model.graph.outputs) {
      expect(judge(types.typeOf(value), produced.get(value.name)!)).toBe('equal');
    }
  },
);
