import { attribute } from '../../ir/attribute.js';
import type { Node } from '../../ir/node.js';
import { Tensor } from '../../ir/tensor.js';
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
  graph.setAttribute(node, 'coordinate_transformation_mode', attribute.string('asymmetric'));
  if (node.string('mode', 'nearest') === 'nearest') {
    graph.setAttribute(node, 'nearest_mode', attribute.string(nearestMode(node, step)));
  }
  graph.setInput(node, 1, step.constant('roi', Tensor.of('float32', [0], new Float32Array(0))));
  graph.setInput(node, 2, scales);
}

function nearestMode(node: Node, step: UpgradeStep): 'floor' | 'ceil' {
  const scales = node.input(1)?.constant?.toFloat64();
  if (!scales) step.refuse('nearest scales that are not constant');
  if (scales.every((scale) => scale >= 1)) return 'floor';
  if (scales.every((scale) => scale <= 1)) return 'ceil';
  return step.refuse('nearest scales both above and below 1');
}

/** Roi and scales may be absent from now on; until then an empty tensor said so. */
function resize13(node: Node, step: UpgradeStep): void {
  const mode = node.string('coordinate_transformation_mode', '');
  if (mode === 'tf_half_pixel_for_nn') step.refuse(`a coordinate_transformation_mode that went, ${mode}`);
  const isEmpty = (index: number) => node.input(index)?.constant?.length === 0;
  if (node.input(3) && isEmpty(2)) node.graph.setInput(node, 2, undefined);
  if (isEmpty(1) && mode !== 'tf_crop_and_resize') {
    node.graph.setInput(node, 1, undefined);
  }
}

export const resizeAdapters: readonly Adapter[] = [
  defineAdapter('Upsample', 9, upsample9),
  defineAdapter('Upsample', 10, upsample10),
  defineAdapter('Resize', 11, resize11),
  defineAdapter('Resize', 13, resize13),
];
