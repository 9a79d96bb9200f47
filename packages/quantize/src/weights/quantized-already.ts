import { GossamerError, type Model, type Node } from '@gossamer/graph';
import type { QuantizeErrorCode } from '../errors.js';
import { PROVENANCE_KEY } from '../finish-model.js';

const QUANTIZED_KINDS: ReadonlySet<string> = new Set([
  'DequantizeLinear',
  'com.microsoft::DequantizeLinear',
  'com.microsoft::MatMulBnb4',
  'com.microsoft::MatMulNBits',
  'com.microsoft::GatherBlockQuantized',
  'com.microsoft::DynamicQuantizeLSTM',
  'com.microsoft::DynamicQuantizeMatMul',
  'com.microsoft::MatMulIntegerToFloat',
  'com.microsoft::QGemm',
  'com.microsoft::QAttention',
  'QLinearConv',
  'QLinearMatMul',
  'MatMulInteger',
  'ConvInteger',
]);

/** Throws ERR_ALREADY_QUANTIZED when a node of the model works on codes, or the model says that it was quantized here (in forms that become floats by ordinary nodes). */
export function refuseQuantized(model: Model): void {
  for (const scope of model.scopes()) {
    for (const node of scope.nodes()) {
      if (!isQuantizedNode(node)) continue;
      throw new GossamerError<QuantizeErrorCode>(
        'ERR_ALREADY_QUANTIZED',
        `${node.id}: expected a float model, received a ${node.kind} node; give requantize to quantize what is still float`,
      );
    }
  }
  if (!model.metadata.has(PROVENANCE_KEY)) return;
  throw new GossamerError<QuantizeErrorCode>(
    'ERR_ALREADY_QUANTIZED',
    `model: expected a float model, received one with ${PROVENANCE_KEY} in its metadata; give requantize to quantize what is still float`,
  );
}

function isQuantizedNode(node: Node): boolean {
  return QUANTIZED_KINDS.has(node.kind) || isStoredWeight(node);
}

/** Mul(Cast(int8 constant), constant): the form in which weights are stored. */
export function isStoredWeight(node: Node): boolean {
  if (!node.isStandard('Mul') || !node.input(1)?.constant) return false;
  const cast = node.input(0)?.producer;
  const codes = cast?.isStandard('Cast') ? cast.input(0)?.constant : undefined;
  return codes?.dtype === 'int8';
}
