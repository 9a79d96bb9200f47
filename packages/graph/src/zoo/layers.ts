import { attribute } from '../ir/attribute.js';
import { elementCount } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import type { GraphBuilder } from '../builder.js';
import type { WeightInit } from './weights.js';

/** A builder with the weights its layers draw from. */
export interface Net {
  readonly g: GraphBuilder;
  readonly init: WeightInit;
}

export interface ConvOptions {
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly groups?: number;
  readonly bias?: boolean;
}

/** A square 2-D convolution [n, input, h, w] -> [n, output, h', w'], He-initialised (He et al. 2015, arXiv:1502.01852). */
export function conv(net: Net, x: Value, name: string, input: number, output: number, options: ConvOptions): Value {
  const { kernel, stride = 1, padding = 0, groups = 1, bias = false } = options;
  const dims = [output, input / groups, kernel, kernel];
  const deviation = Math.sqrt(2 / elementCount(dims.slice(1)));
  const weight = net.g.weight(`${name}.weight`, dims, net.init.normal(elementCount(dims), deviation));
  const inputs = bias ? [x, weight, net.g.weight(`${name}.bias`, [output], new Float32Array(output))] : [x, weight];
  return net.g.op(
    'Conv',
    inputs,
    {
      dilations: [1, 1],
      group: groups,
      kernel_shape: [kernel, kernel],
      pads: [padding, padding, padding, padding],
      strides: [stride, stride],
    },
    { name },
  );
}

/** BatchNormalization in inference form, with statistics near those a trained net has. */
export function batchNorm(net: Net, x: Value, name: string, channels: number): Value {
  const parameter = (suffix: string, data: Float32Array) => net.g.weight(`${name}.${suffix}`, [channels], data);
  return net.g.op(
    'BatchNormalization',
    [
      x,
      parameter('weight', net.init.uniform(channels, 0.8, 1.2)),
      parameter('bias', net.init.normal(channels, 0.1)),
      parameter('running_mean', net.init.normal(channels, 0.1)),
      parameter('running_var', net.init.uniform(channels, 0.8, 1.2)),
    ],
    { epsilon: 1e-5, momentum: attribute.float(0.9) },
    { name },
  );
}

/** x·W + b on the last axis as MatMul and Add, the way transformer exports write it. W is [input, output]. */
export function linear(net: Net, x: Value, name: string, input: number, output: number, deviation = 0.02): Value {
  const weight = net.g.weight(`${name}.weight`, [input, output], net.init.normal(input * output, deviation));
  const bias = net.g.weight(`${name}.bias`, [output], net.init.normal(output, 0.02));
  return net.g.op('Add', [net.g.op('MatMul', [x, weight], {}, { name }), bias], {}, { name: `${name}.add` });
}

/** x·Wᵀ + b for [n, input], as Gemm with transB. W is [output, input]. */
export function dense(net: Net, x: Value, name: string, input: number, output: number): Value {
  const bound = 1 / Math.sqrt(input);
  const weight = net.g.weight(`${name}.weight`, [output, input], net.init.uniform(input * output, -bound, bound));
  const bias = net.g.weight(`${name}.bias`, [output], net.init.uniform(output, -bound, bound));
  return net.g.op('Gemm', [x, weight, bias], { transB: 1 }, { name });
}

/** LayerNormalization over the last axis. */
export function layerNorm(net: Net, x: Value, name: string, width: number, epsilon: number): Value {
  const scale = net.g.weight(`${name}.weight`, [width], new Float32Array(width).fill(1));
  const shift = net.g.weight(`${name}.bias`, [width], new Float32Array(width));
  return net.g.op('LayerNormalization', [x, scale, shift], { axis: -1, epsilon }, { name });
}

/** Exact GELU, 0.5·x·(1 + erf(x / √2)), as exporters write it before opset 20. Source: Hendrycks & Gimpel 2016, arXiv:1606.08415. */
export function gelu(net: Net, x: Value): Value {
  const constant = (value: number) => net.g.constant(value, 'float32');
  const erf = net.g.op('Erf', [net.g.op('Div', [x, constant(Math.SQRT2)])]);
  const product = net.g.op('Mul', [x, net.g.op('Add', [erf, constant(1)])]);
  return net.g.op('Mul', [product, constant(0.5)]);
}
