import { attribute, type Dim, multiplyDims, type Node, Tensor, type Value } from '@gossamer/graph';
import type { Compilation } from '../compilation.js';
import { addBefore, replaceNode } from '../edit/node-edits.js';
import { transposedTensor } from '../edit/transposed-tensor.js';

/**
 * ConvTranspose of an image whose kernel is as large as its stride writes every result once: a matrix product at each point, kernel times
 * channels wide, whose columns are then laid side by side. Computed with channels last.
 */
export function upsamplingConvolutions(compilation: Compilation): void {
  if (!compilation.has('Linear')) return;
  for (const node of compilation.graph.nodes()) {
    if (node.isStandard('ConvTranspose') && isPlain(node, compilation)) rewrite(node, compilation);
  }
}

function isPlain(node: Node, compilation: Compilation): boolean {
  const w = node.input(1)?.constant;
  const bias = node.input(2);
  if (w?.dims.length !== 4 || w.dtype !== 'float32' || compilation.rankOf(node.input(0)) !== 4) return false;
  if (bias && bias.constant?.length !== w.dims[1]) return false;
  const all = (name: string, value: number) => node.ints(name, []).every((item) => item === value);
  const strides = node.ints('strides', [1, 1]);
  const isDense = strides[0] === w.dims[2] && strides[1] === w.dims[3];
  const mode = node.string('auto_pad', 'NOTSET');
  if (!isDense || node.int('group', 1) !== 1 || node.has('output_shape')) return false;
  return (mode === 'NOTSET' || mode === 'VALID') && all('pads', 0) && all('output_padding', 0) && all('dilations', 1);
}

function rewrite(node: Node, compilation: Compilation): void {
  const { graph } = compilation;
  const x = node.input(0)!;
  const [b, c, h, w] = compilation.shapeOf(x) as [Dim, Dim, Dim, Dim];
  const weight = node.input(1)!.constant!;
  const [inner, outputs, kh, kw] = weight.dims as [number, number, number, number];
  const name = node.output.name;
  const add = (
    op: string,
    inputs: Value[],
    attributes: NonNullable<Parameters<typeof replaceNode>[2]['attributes']>,
    shape: Dim[],
  ) =>
    addBefore(
      compilation,
      node,
      { op, domain: op === 'Linear' ? 'gossamer' : '', inputs, attributes },
      { name: `${name}_${op}`, dtype: 'float32', shape },
    );
  const integers = (values: readonly number[]) =>
    graph.addInitializer(`${name}_sizes`, Tensor.fromNumbers('int64', [values.length], values));
  const rows = transposedTensor(weight, [0, 2, 3, 1]).reshaped([inner, kh * kw * outputs]);
  const bias = node.input(2)?.constant?.toFloat32();
  const biases = bias && Float32Array.from({ length: kh * kw * outputs }, (_, i) => bias[i % outputs]!);
  const last = add('Transpose', [x], { perm: attribute.ints([0, 2, 3, 1]) }, [b, h, w, c]);
  const operands = [last, graph.addInitializer(`${name}_weight`, rows)];
  if (biases) operands.push(graph.addInitializer(`${name}_bias`, Tensor.of('float32', [biases.length], biases)));
  const product = add('Linear', operands, { trans_b: attribute.int(0) }, [b, h, w, kh * kw * outputs]);
  const split = add('Reshape', [product, integers([0, 0, 0, kh, kw * outputs])], {}, [b, h, w, kh, kw * outputs]);
  const perm = { perm: attribute.ints([0, 1, 3, 2, 4]) };
  const turned = add('Transpose', [split], perm, [b, h, kh, w, kw * outputs]);
  const sizes: Dim[] = [b, multiplyDims(h, kh), multiplyDims(w, kw), outputs];
  const isKnown = typeof h === 'number' && typeof w === 'number';
  const target = isKnown ? integers([-1, h * kh, w * kw, outputs]) : sizesOf(product);
  const joined = add('Reshape', [turned, target], {}, sizes);
  replaceNode(compilation, node, {
    op: 'Transpose',
    domain: '',
    inputs: [joined],
    attributes: { perm: attribute.ints([0, 3, 1, 2]) },
  });

  /** Sizes that are only known when it runs. */
  function sizesOf(value: Value): Value {
    const tiny = (op: string, inputs: Value[], length: number, attributes = {}) =>
      addBefore(
        compilation,
        node,
        { op, domain: '', inputs, attributes },
        { name: `${name}_${op}`, dtype: 'int64', shape: [length] },
      );
    const shape = tiny('Shape', [value], 3, { start: attribute.int(0), end: attribute.int(3) });
    const grown = tiny('Mul', [shape, integers([1, kh, kw])], 3);
    return tiny('Concat', [grown, integers([outputs])], 4, { axis: attribute.int(0) });
  }
}
