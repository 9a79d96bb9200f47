import { attribute } from '../ir/attribute.js';
import { Tensor } from '../ir/tensor.js';
import { spellType } from './declared.js';
import { inferTypes } from './infer-types.js';
import { judge } from './testing/node-test-types.js';
import { floats, int64s, modelOf, numbers, type OperatorCall, runTypes } from './testing/ort-referee.js';

const { int, ints, float, string, strings } = attribute;
const domain = 'com.microsoft';
const call = (
  op: string,
  inputs: OperatorCall['inputs'],
  attributes: OperatorCall['attributes'] = {},
  outputs = 1,
): OperatorCall => ({ op, domain, opset: 17, inputs, attributes, outputs });
const int32s = (dims: number[], values?: number[]) => numbers('int32', dims, values);
const words = (...texts: string[]) =>
  Tensor.ofStrings(
    [texts.length],
    texts.map((text) => new TextEncoder().encode(text)),
  );

/** Operators of com.microsoft that ONNX Runtime runs on a CPU: it says what the outputs are. `true`: sizes that only the contents tell. */
const CALLS: readonly (readonly [OperatorCall, boolean?])[] = [
  [call('CDist', [floats(3, 4), floats(5, 4)], { metric: string('sqeuclidean') })],
  [call('ExpandDims', [floats(2, 3), int32s([], [1])])],
  [call('ExpandDims', [floats(2, 3), int32s([], [-1])])],
  [call('GatherND', [floats(2, 3, 4), numbers('int64', [5, 2])])],
  [call('MurmurHash3', [int32s([2, 3])])],
  [call('MurmurHash3', [int32s([2, 3])], { positive: int(0) })],
  [call('Range', [int32s([], [1]), int32s([], [9]), int32s([], [2])])],
  [call('Range', [int32s([], [1]), int32s([], [9])])],
  [call('Tokenizer', [words('a b', 'c')], tokens()), true],
  [call('Unique', [floats(6)], {}, 3), true],
  [call('CropAndResize', [floats(1, 2, 6, 6), floats(3, 4), int32s([3], [0, 0, 0]), int32s([2], [4, 5])])],
  [call('MaxpoolWithMask', [floats(1, 1, 6, 6), int32s([1, 1, 6, 6])], { kernel_shape: ints([3, 3]) })],
  [call('SampleOp', [floats(2, 3)])],
  [
    call('ConvTransposeWithDynamicPads', [floats(1, 2, 4, 4), floats(2, 3, 3, 3), int64s(1, 1, 0, 0)], {
      strides: ints([2, 2]),
    }),
  ],
  [call('WordConvEmbedding', [int32s([2, 5]), floats(6, 1, 2, 3), floats(6), floats(8, 3)], wordSizes())],
  [call('GridSample', [floats(1, 2, 4, 4), floats(1, 3, 5, 2)])],
  [call('BifurcationDetector', [int64s(1, 2, 3), int64s(1), int64s(0)], {}, 2), true],
  [call('DynamicTimeWarping', [floats(3, 4)]), true],
  [call('NhwcMaxPool', [numbers('uint8', [1, 6, 6, 2])], { kernel_shape: ints([3, 3]) })],
  [call('FusedMatMul', [floats(2, 3, 4), floats(4, 5)], { alpha: float(0.5) })],
  [
    call(
      'LinearAttention',
      [floats(2, 3, 8), floats(2, 3, 8), floats(2, 3, 12)],
      { q_num_heads: int(2), kv_num_heads: int(2), update_rule: string('linear'), scale: float(1) },
      2,
    ),
  ],
  [
    call(
      'LinearAttention',
      [floats(1, 3, 16), floats(1, 3, 8), floats(1, 3, 8), floats(1, 2, 4, 4), floats(1, 3, 2), floats(1, 3, 2)],
      { q_num_heads: int(4), kv_num_heads: int(2), update_rule: string('gated_delta'), scale: float(1) },
      2,
    ),
  ],
  [call('CausalConvWithState', [floats(2, 3, 7), floats(3, 1, 4)], {}, 2)],
  [call('CausalConvWithState', [floats(2, 3, 1), floats(3, 1, 4), floats(3), floats(2, 3, 3)], {}, 2)],
  [call('MoE', moeInputs(), { k: int(1), activation_type: string('relu') })],
  [call('QuickGelu', [floats(2, 3)], { alpha: float(1) })],
  [call('NGramHashMapping', hashInputs(), { pad_id: int(0), n_head_per_ngram: int(2), max_ngram_size: int(3) }, 2)],
  [call('EngramGate', [floats(1, 2, 3, 4), floats(1, 2, 3, 4), floats(1, 2, 4), floats(3, 4), floats(3, 4)])],
  [call('GatedRMSNorm', [floats(2, 3, 8), floats(4), floats(2, 3, 8)])],
  [call('LinearAttentionGate', [floats(2, 3, 4), floats(4), floats(4), floats(2, 3, 4)], {}, 2)],
  [call('MRotaryEmbedding', [floats(1, 3, 16), numbers('int64', [3, 1, 3]), floats(4, 4), floats(4, 4)], sections())],
  [call('UnfoldTensor', [floats(2, 7)], { dim: int(1), size: int(3), step: int(2) })],
  [call('Inverse', [floats(2, 3, 3)])],
  [call('DynamicQuantizeMatMul', [floats(2, 3), numbers('int8', [3, 4]), floats(4)])],
];

function tokens() {
  return { mark: int(0), mincharnum: int(1), pad_value: string('#'), separators: strings([' ']) };
}

function wordSizes() {
  return { char_embedding_size: int(3), conv_window_size: int(2), embedding_size: int(6) };
}

function sections() {
  return { mrope_section: ints([2, 1, 1]), num_heads: int(2) };
}

function moeInputs(): (Tensor | null)[] {
  return [floats(3, 8), floats(3, 2), floats(2, 16, 8), null, floats(2, 8, 16), null];
}

function hashInputs(): Tensor[] {
  return [numbers('int64', [2, 4]), int64s(3, 5, 7), int64s(11, 13, 17, 19)];
}

function sparseHeads() {
  return { num_heads: int(4), kv_num_heads: int(2), sparse_block_size: int(16), scale: float(1) };
}

function sparseInputs(): Tensor[] {
  const query = [floats(1, 2, 32), floats(1, 2, 16), floats(1, 2, 16)];
  const caches = [floats(1, 2, 32, 8), floats(1, 2, 32, 8)];
  const layout = [int32s([1, 3], [0, 1, 3]), int32s([1, 3], [0, 0, 1])];
  return [...query, ...caches, ...layout, int32s([1], [2]), int32s([1], [2])];
}

test.each(CALLS.map(([item, open], index) => ({ item, open, title: `${index}: ${item.op}` })))(
  '$title: as ONNX Runtime has it',
  async ({ item, open }) => {
    const { model, feeds } = modelOf(item);
    const produced = await runTypes(model, feeds);
    const types = inferTypes(model, { strict: true, data: feeds });
    for (const value of model.graph.outputs) {
      expect(open ? ['equal', 'incomplete'] : ['equal']).toContain(
        judge(types.typeOf(value), produced.get(value.name)!),
      );
    }
  },
);

/** Operators that have no CPU kernel (or one that wants shared buffers), with the types their schemas document. */
const DOCUMENTED: readonly (readonly [OperatorCall, readonly string[]])[] = [
  [call('BiasSplitGelu', [floats(1, 3, 8), floats(8)]), ['float32[1,3,4]']],
  [
    call('SparseAttention', sparseInputs(), sparseHeads(), 3),
    ['float32[1,2,32]', 'float32[1,2,32,8]', 'float32[1,2,32,8]'],
  ],
  [
    call('PackedAttention', [floats(7, 8), floats(8, 24), floats(24), int32s([3, 4]), int32s([4])], heads(2)),
    ['float32[7,8]'],
  ],
  [
    call('PackedMultiHeadAttention', [floats(7, 2, 3, 4), null, null, null, int32s([3, 4]), int32s([4])], heads(2)),
    ['float32[7,8]'],
  ],
  [
    call('PagedAttention', [floats(7, 64), null, null, floats(4, 16, 2, 8), floats(4, 16, 2, 8)], heads(4, 2), 3),
    ['float32[7,32]', 'float32[4,16,2,8]', 'float32[4,16,2,8]'],
  ],
  [
    call('RemovePadding', [floats(2, 3, 4), int32s([2])], {}, 4),
    ['float32[?,4]', 'int32[2,3]', 'int32[3]', 'int32[1]'],
  ],
  [call('RestorePadding', [floats(5, 4), int32s([2, 3])]), ['float32[2,3,4]']],
  [call('RelativePositionBias', [floats(32, 4), int64s(5), int64s(5)]), ['float32[1,4,5,5]']],
  [call('GatedRelativePositionBias', [floats(2, 5, 8), floats(8), floats(1, 2, 5, 5)], heads(2)), ['float32[2,2,5,5]']],
  [
    call('DecoderAttention', [floats(5, 2, 8), floats(5, 2, 8)], heads(2), 3),
    ['float32[5,2,8]', 'float32[2,2,?,4]', 'float32[2,2,?,4]'],
  ],
  [
    call(
      'DecoderMaskedSelfAttention',
      [floats(1, 1, 8), floats(8, 24), floats(24), null, floats(2, 1, 2, 5, 4)],
      heads(2),
      2,
    ),
    ['float32[1,1,8]', 'float32[2,1,2,6,4]'],
  ],
  [
    call(
      'BeamSearch',
      [int32s([2, 5]), int32s([1], [20]), null, int32s([1], [4]), int32s([1], [3])],
      { vocab_size: int(50) },
      3,
    ),
    ['int32[2,3,20]', 'float32[2,3]', 'float32[?,2,4,50]'],
  ],
  [
    call('WhisperBeamSearch', [floats(2, 80, 9), int32s([1], [20]), null, int32s([1], [4]), int32s([1], [3])], {}, 5),
    ['int32[2,3,20]', 'float32[2,3]', 'float32[?,2,4,?]', 'float32[2,3,?,?,?]', 'float32[2]'],
  ],
  [call('GreedySearch', [int32s([2, 5]), int32s([1], [20])]), ['int32[2,20]']],
  [call('Sampling', [int32s([2, 5]), int32s([1], [20])], { vocab_size: int(50) }, 2), ['int32[2,20]', 'float32[2,50]']],
  [call('Rfft', [floats(2, 16)], { signal_ndim: int(1) }), ['float32[2,9,2]']],
  [call('Irfft', [floats(2, 9, 2)], { signal_ndim: int(1) }), ['float32[2,16]']],
  [call('TorchEmbedding', [floats(9, 4), numbers('int64', [2, 3])]), ['float32[2,3,4]']],
  [call('MatMulNBitsMlp', [floats(2, 3, 32)], { K: int(32), N: int(64) }, 2), ['float32[2,3,64]', 'float32[2,3,32]']],
  [
    call('MatMulNBitsQkv', [floats(1, 3, 32)], { K: int(32), Nq: int(32), Nkv: int(16) }, 3),
    ['float32[1,3,32]', 'float32[1,3,16]', 'float32[1,3,16]'],
  ],
  [call('MatMulFpQ4', [floats(2, 32), numbers('uint8', [640]), int64s(32, 20)]), ['float32[2,20]']],
  [call('MulInteger', [numbers('uint8', [2, 1]), null, numbers('uint8', [3])]), ['int32[2,3]']],
  [
    call('GatedDeltaNet', [floats(7, 2, 4), floats(7, 2, 4), floats(7, 6, 8), int32s([3])], {}, 2),
    ['float32[7,6,8]', 'float32[2,6,8,4]'],
  ],
  [
    call('VarlenCausalConvWithState', [floats(7, 3), floats(3, 1, 4), int32s([3]), null, floats(2, 3, 3)], {}, 2),
    ['float32[7,3]', 'float32[2,3,3]'],
  ],
  [call('IsAllFinite', [floats(2), floats(3)]), ['bool[]']],
  [call('QuantizeBFP', [floats(2, 3)], { bfp_type: int(0) }, 3), ['uint8[?]', 'int64[2]', 'int64[2]']],
  [call('EPContext', [floats(2, 3)]), ['?']],
  [{ ...call('ReorderInput', [floats(1, 8, 4, 4)]), domain: 'com.microsoft.nchwc' }, ['?']],
  [{ ...call('Conv', [floats(1, 4, 4, 8), floats(8, 8, 3, 3)]), domain: 'com.ms.internal.nhwc' }, ['?']],
];

function heads(own: number, shared?: number) {
  return { num_heads: int(own), ...(shared ? { kv_num_heads: int(shared) } : {}) };
}

test.each(DOCUMENTED.map(([item, expected], index) => ({ item, expected, title: `${index}: ${item.op}` })))(
  '$title: as documented, or opaque without an error',
  ({ item, expected }) => {
    const { model } = modelOf(item);
    const types = inferTypes(model, { strict: true });
    expect(model.graph.outputs.map((value) => spellType(types.typeOf(value)))).toEqual(expected);
    expect(types.warnings).toEqual([]);
  },
);
