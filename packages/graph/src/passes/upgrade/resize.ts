import { attribute, type AttributeValue } from '../../ir/attribute.js';
import type { Node } from '../../ir/node.js';
import { Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
import { type Adapter, defineAdapter, type UpgradeStep } from './adapter.js';

function upsample9(node: Node, step: UpgradeStep): void {
  const scales = node.floats('scales', undefined) ?? step.refuse('no scales');
  node.graph.setInput(node, 1, step.constant('scales', Tensor.fromNumbers('float32', [scales.length], scales)));
  step.drop('scales');
}

function upsample10(node: Node): void {
  node.graph.retarget(node, { op: 'Resize' });
}

/**
 * Opset 10 has no coordinate modes: x_original = x_resized / scale, and the nearest pixel is the one before it when enlarging, the one
 * after it when shrinking (as ONNX Runtime reads it; the text leaves it open). From 11 on both are attributes.
 */
function resize11(node: Node, step: UpgradeStep): void {
  const { graph } = node;
  const scales = node.input(1);
  if (!scales) step.refuse('no scales');
  const isNearest = node.string('mode', 'nearest') === 'nearest';
  const known = scales.constant?.toFloat64();
  const roi = step.constant('roi', Tensor.of('float32', [0], new Float32Array(0)));
  const attributes = { coordinate_transformation_mode: attribute.string('asymmetric') };
  const rounding = (mode: 'floor' | 'ceil') => ({ nearest_mode: attribute.string(mode) });
  const setAll = (more: Readonly<Record<string, AttributeValue>>) => {
    for (const [name, content] of Object.entries({ ...attributes, ...more })) graph.setAttribute(node, name, content);
  };
  graph.setInput(node, 1, roi);
  graph.setInput(node, 2, scales);
  if (!isNearest || known?.every((scale) => scale >= 1)) return setAll(isNearest ? rounding('floor') : {});
  if (known?.every((scale) => scale <= 1)) return setAll(rounding('ceil'));
  // Some axes grow and some shrink: nearest picks along each axis by itself, so first those that grow, then the others.
  const enlarged = graph.add(
    {
      op: 'Resize',
      inputs: [node.input(0), roi, bounded(scales, 'Max', step)],
      outputs: [`${node.output.name}_enlarged`],
      attributes: { ...attributes, mode: attribute.string('nearest'), ...rounding('floor') },
    },
    { before: node },
  ).output;
  graph.setInput(node, 0, enlarged);
  graph.setInput(node, 2, bounded(scales, 'Min', step));
  setAll(rounding('ceil'));
}

/** Scales of at least 1 (Max) or at most 1 (Min). */
function bounded(scales: Value, op: 'Max' | 'Min', step: UpgradeStep): Value {
  const bound = op === 'Max' ? Math.max : Math.min;
  const known = scales.constant?.toFloat32().map((scale) => bound(scale, 1));
  if (known) return step.constant(`scales_${op}`, Tensor.of('float32', [known.length], known));
  return step.operator(op, `scales_${op}`, [scales, step.constant('one', Tensor.scalar('float32', 1))]);
}

/** Roi and scales may be absent from now on; until then an empty tensor said so. */
function resize13(node: Node, step: UpgradeStep): void {
  const mode = node.string('coordinate_transformation_mode', '');
  if (mode === 'tf_half_pixel_for_nn') halfPixelForNearest(node, step);
  const isEmpty = (index: number) => node.input(index)?.constant?.length === 0;
  if (node.input(3) && isEmpty(2)) node.graph.setInput(node, 2, undefined);
  if (isEmpty(1) && mode !== 'tf_crop_and_resize') {
    node.graph.setInput(node, 1, undefined);
  }
}

/**
 * That mode went: (x + 0.5) / scale, without the half pixel that half_pixel then takes off. Its floor is what half_pixel gives when halves
 * round up; that is what TensorFlow exports. (In float32 too: taking 0.5 off is exact from 0.25 on, and below both are the first pixel.)
 */
function halfPixelForNearest(node: Node, step: UpgradeStep): void {
  const isNearest = node.string('mode', 'nearest') === 'nearest';
  const rounding = node.string('nearest_mode', 'round_prefer_floor');
  if (!isNearest || rounding !== 'floor') step.refuse(`tf_half_pixel_for_nn, which went, with ${rounding}`);
  const set = (name: string, text: string) => node.graph.setAttribute(node, name, attribute.string(text));
  set('coordinate_transformation_mode', 'half_pixel');
  set('nearest_mode', 'round_prefer_ceil');
}

export const resizeAdapters: readonly Adapter[] = [
  defineAdapter('Upsample', 9, upsample9),
  defineAdapter('Upsample', 10, upsample10),
  defineAdapter('Resize', 11, resize11),
  defineAdapter('Resize', 13, resize13),
];
