import { GraphBuilder } from '../builder.js';
import type { Model } from '../ir/model.js';
import type { Value } from '../ir/value.js';
import { batchNorm, conv, type ConvOptions, dense, type Net } from './layers.js';
import type { ZooOptions } from './resnet.js';
import { seededWeights } from './weights.js';

/** Expansion, output channels, repeats, first stride of each stage (Sandler et al. 2018, table 2). */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/**
 * MobileNetV2, width 1.0: input [n, 3, 224, 224] -> output [n, 1000]; 3.5 million parameters.
 *
 * Source: Sandler et al. 2018, arXiv:1801.04381.
 */
export function mobileNetV2(options: ZooOptions = {}): Model {
  const bn = options.batchNorm ?? false;
  const net: Net = { g: new GraphBuilder('mobilenet_v2'), init: seededWeights(options.seed ?? 0) };
  const layer = (x: Value, name: string, input: number, output: number, o: ConvOptions): Value => {
    const y = conv(net, x, name, input, output, { ...o, bias: !bn });
    return bn ? batchNorm(net, y, `${name}.bn`, output) : y;
  };
  const relu6 = (x: Value) => net.g.op('Clip', [x, net.g.constant(0, 'float32'), net.g.constant(6, 'float32')]);
  let x = net.g.input('input', 'float32', ['N', 3, 224, 224]);
  x = relu6(layer(x, 'features.0', 3, 32, { kernel: 3, stride: 2, padding: 1 }));
  let channels = 32;
  let index = 1;
  for (const [expansion, output, repeats, firstStride] of STAGES) {
    for (let i = 0; i < repeats; i++, index++) {
      const stride = i === 0 ? firstStride : 1;
      const name = `features.${index}`;
      const hidden = channels * expansion;
      let y = expansion === 1 ? x : relu6(layer(x, `${name}.expand`, channels, hidden, { kernel: 1 }));
      y = relu6(layer(y, `${name}.depthwise`, hidden, hidden, { kernel: 3, stride, padding: 1, groups: hidden }));
      y = layer(y, `${name}.project`, hidden, output, { kernel: 1 });
      x = stride === 1 && channels === output ? net.g.op('Add', [x, y], {}, { name: `${name}.add` }) : y;
      channels = output;
    }
  }
  x = relu6(layer(x, `features.${index}`, 320, 1280, { kernel: 1 }));
  const pooled = net.g.op('Flatten', [net.g.op('GlobalAveragePool', [x])], { axis: 1 });
  return net.g.output(dense(net, pooled, 'classifier', 1280, 1000), 'output', 'float32', ['N', 1000]).model();
}
