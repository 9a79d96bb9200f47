import type { Dim } from '../../ir/dim.js';
import type { Node } from '../../ir/node.js';
import { type SequenceType, tensorType, type ValueType } from '../../ir/value-type.js';
import { normaliseAxis, numbersOf } from '../arguments.js';
import { mergeTypes } from '../merge.js';
import { typeAttribute } from '../opaque-attribute.js';
import { defineRule, type InferenceContext } from '../rule.js';
import { concatShapes } from './concat.js';
import { dtypeOfCode } from './cast.js';

/** The element type of a sequence input; undefined when not known. */
export function elementTypeOf(context: InferenceContext, input: number): ValueType | undefined {
  const type = context.typeOf(input);
  if (type && type.kind !== 'sequence') throw context.error(`input ${input}`, 'a sequence', type.kind);
  return type?.element;
}

const sequence = (element: ValueType | undefined): SequenceType => ({ kind: 'sequence', element });

const construct = defineRule({
  op: 'SequenceConstruct',
  infer(node, context) {
    const types = node.inputs.map((_, input) => context.typeOf(input));
    if (types.length === 0) throw context.error('inputs', 'at least one', 'none');
    context.set(0, sequence(types.reduce(mergeTypes)));
  },
});

const empty = defineRule({
  op: 'SequenceEmpty',
  infer(node, context) {
    context.set(0, sequence(tensorType(dtypeOfCode(context, 'dtype', node.int('dtype', 1)))));
  },
});

const insert = defineRule({
  op: 'SequenceInsert',
  infer: (_, context) => context.set(0, sequence(inserted(elementTypeOf(context, 0), context.typeOf(1)))),
});

/** An element type without a shape also stands for a sequence that is empty: only the dtype is sure to stay. */
function inserted(element: ValueType | undefined, tensor: ValueType | undefined): ValueType | undefined {
  return mergeTypes(element, tensor) ?? element;
}

const erase = defineRule({
  op: 'SequenceErase',
  infer: (_, context) => context.set(0, context.typeOf(0)),
});

const at = defineRule({ op: 'SequenceAt', infer: (_, context) => context.set(0, elementTypeOf(context, 0)) });

const length = defineRule({ op: 'SequenceLength', infer: (_, context) => context.setTensor(0, 'int64', []) });

const split = defineRule({
  op: 'SplitToSequence',
  infer(node, context) {
    const source = context.shapeOf(0);
    const dtype = context.dtypeOf(0);
    if (!source) return context.set(0, sequence(tensorType(dtype)));
    const axis = normaliseAxis(context, node.int('axis', 0), source.length);
    const size = context.has(1) ? pieceSize(context, source[axis]) : 1;
    const drop = !context.has(1) && node.int('keepdims', 1) === 0;
    const shape = source.map((dim, position) => (position === axis ? size : dim));
    return context.set(0, sequence(tensorType(dtype, drop ? shape.filter((_, position) => position !== axis) : shape)));
  },
});

/** The size all pieces share: a scalar split that divides, or listed sizes that are equal. */
function pieceSize(context: InferenceContext, size: Dim): Dim {
  const sizes = numbersOf(context, 1);
  const [first] = sizes ?? [];
  if (!sizes || first === undefined) return undefined;
  const scalar = context.shapeOf(1)?.length === 0;
  if (sizes.some((piece) => piece < (scalar ? 1 : 0)))
    throw context.error('split', scalar ? 'a size > 0' : 'sizes >= 0', [...sizes]);
  if (scalar) return typeof size === 'number' && size % first === 0 ? first : undefined;
  return sizes.every((piece) => piece === first) ? first : undefined;
}

const concatFrom = defineRule({
  op: 'ConcatFromSequence',
  infer(node, context) {
    const element = elementTypeOf(context, 0);
    if (element?.kind !== 'tensor' || !element.shape) {
      return context.setTensor(0, element?.kind === 'tensor' ? element.dtype : undefined, undefined);
    }
    const stacked = node.int('new_axis', 0) === 1;
    const axis = normaliseAxis(context, node.int('axis', 0), element.shape.length + Number(stacked));
    const shape: Dim[] = concatShapes(context, [element.shape], axis);
    // How many elements there are is not known.
    if (stacked) shape.splice(axis, 0, undefined);
    else shape[axis] = undefined;
    return context.setTensor(0, element.dtype, shape);
  },
});

const map = defineRule({
  op: 'SequenceMap',
  infer(node: Node, context) {
    const body = node.subgraph('body');
    if (!body) throw context.error('body', 'a graph', 'none');
    const inputs = node.inputs.map((_, input) => {
      const type = context.typeOf(input);
      return type?.kind === 'sequence' ? { type: type.element } : context.infoOf(input);
    });
    context.inferSubgraph(body, inputs).forEach((info, output) => context.set(output, sequence(info.type)));
  },
});

const optional = defineRule({
  op: 'Optional',
  infer(node, context) {
    // An empty optional has its type in an attribute.
    context.set(0, { kind: 'optional', element: context.has(0) ? context.typeOf(0) : typeAttribute(node, 'type') });
  },
});

const hasElement = defineRule({
  op: 'OptionalHasElement',
  infer(_, context) {
    const type = context.typeOf(0);
    const always = context.has(0) ? (type && type.kind !== 'optional' ? 1 : undefined) : 0;
    context.setTensor(0, 'bool', [], [always]);
  },
});

const getElement = defineRule({
  op: 'OptionalGetElement',
  infer(_, context) {
    const type = context.typeOf(0);
    context.set(0, type?.kind === 'optional' ? type.element : type);
  },
});

export const sequenceRules = [construct, empty, insert, erase, at, length, split, concatFrom, map];
export const optionalRules = [optional, hasElement, getElement];
