import type { DType } from '../../dtype.js';
import type { Node } from '../../ir/node.js';
import type { InferenceContext } from '../rule.js';

// What the standard asks of the attributes of ai.onnx.ml operators together. Each check throws ERR_SHAPE.

/** Elements of a list attribute, or of a tensor one; undefined when absent. */
function lengthOf(node: Node, name: string): number | undefined {
  const content = node.attributes.get(name)?.content;
  if (content?.type === 'tensor') return content.value.length;
  return content && 'value' in content && Array.isArray(content.value) ? content.value.length : undefined;
}

export function checkCategoryMapper(node: Node, context: InferenceContext): void {
  const [integers, names] = [lengthOf(node, 'cats_int64s'), lengthOf(node, 'cats_strings')];
  if (integers === undefined || integers !== names) {
    throw context.error('cats_int64s and cats_strings', 'lists of one length', `${integers} and ${names}`);
  }
}

export function checkOneHotEncoder(node: Node, context: InferenceContext): void {
  const count = ['cats_int64s', 'cats_strings'].filter((name) => lengthOf(node, name)).length;
  if (count !== 1) throw context.error('cats_int64s and cats_strings', 'one of them', count);
}

/** Lists of keys or values, by the dtype of their elements. */
const LISTS: readonly (readonly [string, DType])[] = [
  ['strings', 'string'],
  ['int64s', 'int64'],
  ['floats', 'float32'],
];

/** How many keys (or values) there are, and of which dtype. */
function listed(node: Node, context: InferenceContext, prefix: 'keys' | 'values'): { dtype: DType; length: number } {
  const tensor = node.tensor(`${prefix}_tensor`);
  if (tensor) return { dtype: tensor.dtype, length: tensor.length };
  for (const [suffix, dtype] of LISTS) {
    const length = lengthOf(node, `${prefix}_${suffix}`);
    if (length !== undefined) return { dtype, length };
  }
  throw context.error(prefix, 'given', 'none');
}

/** LabelEncoder of version 4, where tensors may hold keys and values. */
export function checkLabelEncoder(node: Node, context: InferenceContext): void {
  const [keys, values] = [listed(node, context, 'keys'), listed(node, context, 'values')];
  const input = context.dtypeOf(0);
  if (input && input !== keys.dtype) throw context.error('keys', `dtype ${input}`, keys.dtype);
  if (keys.length !== values.length) throw context.error('values', `${keys.length} elements`, values.length);
  const fallback = node.tensor('default_tensor');
  if (!fallback) return;
  if (fallback.dtype !== values.dtype) throw context.error('default_tensor', `dtype ${values.dtype}`, fallback.dtype);
  if (fallback.dims.length !== 1 || fallback.length !== 1) {
    throw context.error('default_tensor', 'shape [1]', fallback.dims);
  }
}

/** Attributes with one element a node; the first must be there. */
const OF_NODES: readonly (readonly [string, boolean])[] = [
  ['nodes_splits', true],
  ['nodes_featureids', true],
  ['nodes_modes', true],
  ['nodes_truenodeids', true],
  ['nodes_falsenodeids', true],
  ['nodes_trueleafs', true],
  ['nodes_falseleafs', true],
  ['nodes_hitrates', false],
  ['nodes_missing_value_tracks_true', false],
];

export function checkTreeEnsemble(node: Node, context: InferenceContext): void {
  const count = lengthOf(node, 'nodes_splits');
  for (const [name, isRequired] of OF_NODES) {
    const length = lengthOf(node, name);
    if (length === undefined ? isRequired : length !== count) {
      throw context.error(name, `${count ?? 'some'} elements`, length ?? 'none');
    }
  }
  const [targets, weights] = [lengthOf(node, 'leaf_targetids'), lengthOf(node, 'leaf_weights')];
  if (targets === undefined || targets !== weights) {
    throw context.error('leaf_targetids and leaf_weights', 'lists of one length', `${targets} and ${weights}`);
  }
  const dtype = context.dtypeOf(0);
  for (const name of ['nodes_splits', 'leaf_weights', 'membership_values']) {
    const own = node.tensor(name)?.dtype;
    if (dtype && own && own !== dtype) throw context.error(name, `dtype ${dtype}`, own);
  }
}
