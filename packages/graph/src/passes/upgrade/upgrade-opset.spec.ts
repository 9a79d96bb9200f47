import { GraphBuilder } from '../../builder.js';
import { attribute } from '../../ir/attribute.js';
import { Graph } from '../../ir/graph.js';
import { Model } from '../../ir/model.js';
import { Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
import { loadModel } from '../../onnx/index.js';
import { bert, leNet5, mobileNetV2, resNet20, tinyLm } from '../../zoo/index.js';
import { addIf } from '../testing/add-if.js';
import { checkModel, kinds } from '../testing/check-pass.js';
import { expectEqualBits } from '../testing/compare.js';
import { expectUpgraded, NEWEST_OF_RUNTIME } from '../testing/expect-upgraded.js';
import { runOnce } from '../testing/ort-session.js';
import { randomTensor } from '../testing/random.js';
import { feedsOf, pathOf, REAL_MODELS } from '../testing/real-models.js';
import { build } from '../testing/single-operator.js';
import { knownChanges } from './registry.js';
import { upgradeOpset } from './upgrade-opset.js';

/** Operators of the standard with the versions in (7, 28] that list them anew: the changelog of onnx 1.23, by its own schema table. */
const CHANGELOG =
  'Abs:13 Acos:22 Acosh:22 Add:13,14 ArgMax:11,12,13 ArgMin:11,12,13 Asin:22 Asinh:22 Atan:22 Atanh:22 Attention:24,25 AveragePool:10,11,19,22 BatchNormalization:9,14,15 Bernoulli:22 BitShift:28 Cast:9,13,19,21,23,24,25,28 CastLike:19,21,23,24,25 Ceil:13 Celu:28 Clip:11,12,13 Compress:11,28 Concat:11,13 Constant:9,11,12,13,19,21,23,24,25 ConstantOfShape:20,21,23,24,25 Conv:11,22 ConvTranspose:11,22 Cos:22 Cosh:22 CumSum:14 DFT:20 DeformConv:22 DepthToSpace:11,13,28 DequantizeLinear:13,19,21,23,24,25,28 Det:22 Div:13,14 Dropout:10,12,13,22 Einsum:28 Elu:22 Equal:11,13,19 Erf:13 Exp:13 Expand:13 EyeLike:22 Flatten:9,11,13,21,23,24,25 Floor:13 GRU:14,22 Gather:11,13 GatherElements:13 GatherND:12,13 Gemm:9,11,13 GlobalAveragePool:22 GlobalLpPool:22 GlobalMaxPool:22 Greater:9,13 GreaterOrEqual:16 GridSample:20,22 GroupNormalization:21 HardSigmoid:22 HardSwish:22 Hardmax:11,13 Identity:13,14,16,19,21,23,24,25 If:11,13,16,19,21,23,24,25 InstanceNormalization:22 IsInf:20 IsNaN:13,20 LRN:13 LSTM:14,22 LeakyRelu:16 Less:9,13 LessOrEqual:16 Log:13 LogSoftmax:11,13 Loop:11,13,16,19,21,23,24,25 LpNormalization:22 LpPool:11,18,22 MatMul:9,13 Max:8,12,13 MaxPool:8,10,11,12,22 MaxRoiPool:22 MaxUnpool:11,22 Mean:8,13 MeanVarianceNormalization:13 Min:8,12,13 Mish:22 Mod:13,28 Mul:13,14 Multinomial:22 Neg:13 NegativeLogLikelihoodLoss:13,22 NonMaxSuppression:11 NonZero:13 OneHot:11,28 Optional:28 OptionalGetElement:18,28 OptionalHasElement:18,28 PRelu:9,16 Pad:11,13,18,19,21,23,24,25 Pow:12,13,15 QLinearMatMul:21 QuantizeLinear:13,19,21,23,24,25,28 RNN:14,22 RandomNormal:22 RandomNormalLike:22 RandomUniform:22 RandomUniformLike:22 Range:27 Reciprocal:13 ReduceL1:11,13,18 ReduceL2:11,13,18 ReduceLogSum:11,13,18,28 ReduceLogSumExp:11,13,18,28 ReduceMax:11,12,13,18,20 ReduceMean:11,13,18 ReduceMin:11,12,13,18,20 ReduceProd:11,13,18 ReduceSum:11,13 ReduceSumSquare:11,13,18 Relu:13,14 Reshape:13,14,19,21,23,24,25 Resize:11,13,18,19 ReverseSequence:28 RoiAlign:16,22 Round:22 Scan:9,11,16,19,21,23,24,25 Scatter:11 ScatterElements:13,16,18 ScatterND:13,16,18 Selu:22 Shape:13,15,19,21,23,24,25 Sigmoid:13 Sign:13 Sin:22 Sinh:22 Size:13,19,21,23,24,25 Slice:10,11,13 Softmax:11,13 SoftmaxCrossEntropyLoss:13 Softplus:22 Softsign:22 SpaceToDepth:13,28 Split:11,13,18 SplitToSequence:24 Sqrt:13 Squeeze:11,13,21,23,24,25 Sub:13,14 Sum:8,13 Tan:22 Tanh:13 ThresholdedRelu:22 Tile:13 TopK:10,11,24 Transpose:13,21,23,24,25 Unique:28 Unsqueeze:11,13,21,23,24,25 Upsample:9,10 Where:16';

test('the tables hold every change of the standard, once', () => {
  const listed = [...knownChanges()].filter(([, changes]) => changes.size > 0);
  const spelled = listed.map(([op, changes]) => `${op}:${[...changes.keys()].sort((a, b) => a - b).join(',')}`);
  expect(spelled.sort()).toEqual(CHANGELOG.split(' ').sort());
});

test('27 and 28 rewrite nothing: two operators lose types, that is all', () => {
  const rewriting = [...knownChanges()].filter(([, changes]) =>
    [27, 28].some((version) => ![undefined, 'unchanged'].includes(changes.get(version) as string)),
  );
  expect(rewriting.map(([op]) => op).sort()).toEqual(['ReduceLogSum', 'ReduceLogSumExp']);
});

describe.each(REAL_MODELS)('$file', (real) => {
  it.each([17, 21, NEWEST_OF_RUNTIME])('gives bitwise the same at opset %i', async (target) => {
    const model = await loadModel(pathOf(real));
    await expectUpgraded(
      model,
      [1, 2].map((n) => feedsOf(real, n)),
      target,
    );
  });
});

const image = (n: number, ...dims: number[]) => ({ input: randomTensor([n, ...dims], n) });
const tokens = (n: number, length: number) =>
  Tensor.fromNumbers('int64', [n, length], new Array<number>(n * length).fill(3));

test.each([
  ['LeNet-5', leNet5, (n: number) => image(n, 1, 28, 28)],
  ['ResNet-20', resNet20, (n: number) => image(n, 1, 28, 28)],
  ['MobileNetV2', mobileNetV2, (n: number) => image(n, 3, 224, 224)],
] as const)('zoo: %s gives bitwise the same at opset 21', async (_, build, feed) => {
  const model = build();
  const [{ name }] = model.graph.inputs as [Value];
  await expectUpgraded(
    model,
    [1, 2].map((n) => ({ [name]: feed(n).input })),
  );
});

test('zoo: transformers give bitwise the same at opset 21', async () => {
  const lm = tinyLm();
  const [input] = lm.graph.inputs as [Value];
  await expectUpgraded(
    lm,
    [1, 2].map((n) => ({ [input.name]: tokens(n, 128) })),
  );
  expect(kinds(upgradeOpset(bert({ layers: 1, vocabulary: 50 }), 21))).toEqual(
    kinds(bert({ layers: 1, vocabulary: 50 })),
  );
});

test('subgraphs rise with the graph around them; IR version 3 rises to what opset 21 came with', async () => {
  const g = new GraphBuilder('net', { opset: 11, irVersion: 3 });
  const x = g.input('x', 'float32', ['n', 4]);
  const condition = g.op('Constant', [], { value: Tensor.fromNumbers('bool', [], [1]) });
  const y = addIf(g, (graph, name) => {
    const attributes = { axes: attribute.ints([1]) };
    const sum = graph.add({ op: 'ReduceSum', inputs: [x], outputs: ['sum'], attributes }).output;
    return graph.add({ op: 'Clip', inputs: [sum], outputs: [`${name}_out`] }).output;
  });
  g.graph.setInput(y.producer!, 0, condition);
  for (const value of [...g.graph.initializers()]) if (value.uses.length === 0) g.graph.removeValue(value);
  g.output(y, 'y', 'float32', ['n', 1]);
  const upgraded = await expectUpgraded(
    g.model(),
    [1, 3].map((n) => ({ x: randomTensor([n, 4], n) })),
  );
  expect(upgraded.irVersion).toBe(10);
});

test('function bodies rise with the model; what the caller decides is refused', async () => {
  const build = (axes: 'own' | 'of the caller') => {
    const body = new Graph('Total');
    const a = body.addInput('a');
    const content = axes === 'own' ? attribute.ints([1]) : ({ type: 'reference', refName: 'axes' } as const);
    body.addOutput(body.add({ op: 'ReduceSum', inputs: [a], outputs: ['b'], attributes: { axes: content } }).output);
    const opsets = new Map([['', 12]]);
    const definition = { domain: 'own', name: 'Total', overload: '', body, opsets, origin: undefined };
    const g = new GraphBuilder('net', { opset: 12, domains: { own: 1 } });
    const x = g.input('x', 'float32', ['n', 4]);
    g.output(g.op('Total', [x], axes === 'own' ? {} : { axes: [1] }, { domain: 'own' }), 'y', 'float32', ['n', 1]);
    return new Model({ ...g.model(), functions: [definition] });
  };
  const model = build('own');
  const feeds = [1, 3].map((n) => ({ x: randomTensor([n, 4], n) }));
  const upgraded = upgradeOpset(model, 21);
  checkModel(upgraded);
  expect(upgraded.functions[0]!.opsets.get('')).toBe(21);
  expect(kinds(upgraded)).toEqual(['own::Total', 'Constant', 'ReduceSum']);
  for (const fed of feeds) expectEqualBits(await runOnce(upgraded, fed), await runOnce(model, fed));
  expect(() => upgradeOpset(build('of the caller'), 21)).toThrow(
    expect.objectContaining({ code: 'ERR_OPSET_UPGRADE' }),
  );
});

test('targets outside [version of the model, 28], and models below 7, are refused', () => {
  const at = (opset: number) => build({ op: 'Relu', opset, dims: [2] }).model;
  const refused = expect.objectContaining({ code: 'ERR_OPSET_UPGRADE' }) as Error;
  expect(() => upgradeOpset(at(17), 13)).toThrow(refused);
  expect(() => upgradeOpset(at(17), 13)).toThrow(
    'expected 17 or newer (a model is raised, never lowered), received 13',
  );
  expect(() => upgradeOpset(at(17), 29)).toThrow(refused);
  expect(() => upgradeOpset(at(17), 17.5)).toThrow(refused);
  expect(() => upgradeOpset(at(6), 13)).toThrow(refused);
  expect(upgradeOpset(at(17), 17).opset).toBe(17);
});
