import { nodeTestCases } from '../../testing/node-tests.js';

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

/** ONNX's own node tests, the small ones: 120 of them, of all operators. */
function onnxSeeds(): Uint8Array[] {
  const small = nodeTestCases().flatMap(({ model }) => (model.byteLength < 600 ? [model] : []));
  return small.filter((_, index) => index % Math.max(1, Math.floor(small.length / 120)) === 0);
}

function safetensors(header: unknown, data: number): Uint8Array {
  const text = Buffer.from(JSON.stringify(header));
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(text.length));
  return new Uint8Array(Buffer.concat([head, text, Buffer.alloc(data, 7)]));
}

const SAFETENSORS = [
  safetensors({ a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } }, 8),
  safetensors(
    {
      __metadata__: { format: 'pt', 'k\u00e9y': 'v' },
      a: { dtype: 'F16', shape: [2, 3], data_offsets: [0, 12] },
      b: { dtype: 'I64', shape: [], data_offsets: [12, 20] },
      c: { dtype: 'BOOL', shape: [0, 4], data_offsets: [20, 20] },
      d: { dtype: 'F8_E4M3', shape: [4], data_offsets: [20, 24] },
    },
    24,
  ),
];

const tensorShape = (...sizes: number[]) => ({ shape: { dim: sizes.map((size) => ({ size: String(size) })) } });
const placeholder = { name: 'x', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' }, shape: tensorShape(-1, 4) } };
const constant = (name: string) => ({ name, op: 'Const', attr: {} });
const weight = (name: string, shape: number[], more: object = {}) => ({ name, shape, dtype: 'float32', ...more });

function graphModel(node: unknown[], weights: unknown[]): Uint8Array {
  const last = (node.at(-1) as { name: string }).name;
  return bytesOf(
    JSON.stringify({
      format: 'graph-model',
      modelTopology: { node: [placeholder, ...node], versions: { producer: 1 } },
      signature: { outputs: { [last]: { name: last } } },
      weightsManifest: [{ paths: ['a.bin'], weights }],
    }),
  );
}

function layersModel(layers: readonly [className: string, config: object][], weights: unknown[]): Uint8Array {
  const described = layers.map(([className, config], i) => ({
    class_name: className,
    config: { name: `l${i}`, trainable: true, ...(i === 0 ? { batch_input_shape: [null, 4] } : {}), ...config },
  }));
  const config = { name: 'm', layers: described };
  return bytesOf(
    JSON.stringify({
      format: 'layers-model',
      modelTopology: {
        class_name: 'Sequential',
        config,
        keras_version: 'tfjs-layers 4.22.0',
        backend: 'tensor_flow.js',
      },
      weightsManifest: [{ paths: ['a.bin'], weights }],
    }),
  );
}

const matMul = {
  name: 'y',
  op: 'MatMul',
  input: ['x', 'w'],
  attr: { transpose_a: { b: false }, transpose_b: { b: true } },
};
const chain = ['Relu', 'Sigmoid', 'Square', 'Identity'].map((op, i) => ({
  name: `n${i}`,
  op,
  input: [i === 0 ? 'x' : `n${i - 1}`],
}));
const quantization = { dtype: 'uint8', scale: 0.5, min: -1 };

/** Models whose weights take up one shard of 64 bytes. */
const TFJS = [
  graphModel([constant('w'), matMul], [weight('w', [4, 4])]),
  graphModel([constant('w'), matMul], [weight('w', [16, 4], { quantization })]),
  graphModel([constant('w'), matMul], [weight('w', [8, 4], { quantization: { dtype: 'float16' } })]),
  graphModel(
    [
      ...chain,
      constant('i'),
      { name: 'r', op: 'Reshape', input: ['n3', 'i'] },
      { name: 'm', op: 'Mean', input: ['r', 'i'], attr: { keep_dims: { b: true } } },
      { name: 'c', op: 'ConcatV2', input: ['m', 'm', 'i'], attr: { N: { i: '2' } } },
    ],
    [weight('i', [1], { dtype: 'int32' }), weight('rest', [15])],
  ),
  layersModel(
    [
      ['Dense', { units: 4, activation: 'relu', use_bias: false }],
      ['Dropout', { rate: 0.5 }],
      ['Activation', { activation: 'softmax' }],
      ['Reshape', { target_shape: [2, 2] }],
      ['Flatten', {}],
    ],
    [weight('l0/kernel', [4, 4])],
  ),
  layersModel(
    [
      ['BatchNormalization', { epsilon: 0.001, scale: true, center: true, axis: -1 }],
      ['LeakyReLU', { alpha: 0.3 }],
    ],
    ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((name) => weight(`l0/${name}`, [4])),
  ),
];

/** Sound files to start from, by format. */
export const FUZZ_SEEDS: Readonly<Record<string, () => readonly Uint8Array[]>> = {
  onnx: onnxSeeds,
  safetensors: () => SAFETENSORS,
  tfjs: () => TFJS,
};
