import type { Dim } from '../ir/dim.js';
import type { Node } from '../ir/node.js';
import type { InferenceContext } from './rule.js';
import type { Shape } from './dims.js';

/** An axis counted from 0; negative ones count from the end. Throws ERR_SHAPE unless it lies in [-rank, rank). */
export function normaliseAxis(context: InferenceContext, axis: number, rank: number): number {
  if (!(Number.isInteger(axis) && axis >= -rank && axis < rank)) {
    throw context.error('axis', `an integer in [${-rank}, ${rank})`, axis);
  }
  return axis < 0 ? axis + rank : axis;
}

/** Distinct axes counted from 0. */
export function normaliseAxes(context: InferenceContext, axes: readonly number[], rank: number): number[] {
  const normalised = axes.map((axis) => normaliseAxis(context, axis, rank));
  if (new Set(normalised).size !== normalised.length) throw context.error('axes', 'distinct axes', axes);
  return normalised;
}

/** Contents of an input when all of them are numbers. */
export function numbersOf(context: InferenceContext, input: number): readonly number[] | undefined {
  const data = context.dataOf(input);
  return data?.every((element) => typeof element === 'number') ? (data as readonly number[]) : undefined;
}

/** The single number an input holds, where known. */
export function scalarOf(context: InferenceContext, input: number): number | undefined {
  const numbers = numbersOf(context, input);
  return numbers?.length === 1 ? numbers[0] : undefined;
}

/** Integers given as an attribute (older versions) or as an input (newer ones): the numbers, 'absent', or undefined when not known. */
export function integersOf(
  node: Node,
  context: InferenceContext,
  attribute: string,
  input: number,
): readonly number[] | 'absent' | undefined {
  const given = node.ints(attribute, undefined);
  if (given) return given;
  return context.has(input) ? numbersOf(context, input) : 'absent';
}

/** The longest rank a shape or axes input may describe; more is a hostile file. */
const MAX_RANK = 256;

/** How many elements a 1-D input of axes or sizes has, even if they are not known. Throws ERR_SHAPE beyond 256. */
export function lengthOf(context: InferenceContext, input: number): number | undefined {
  const shape = context.shapeOf(input);
  const length = shape?.length === 1 ? shape[0] : undefined;
  if (typeof length !== 'number') return undefined;
  if (length > MAX_RANK) throw context.error(`input ${input}`, `at most ${MAX_RANK} elements`, length);
  return length;
}

/** What a 1-D input says about a target shape: its elements, or as many unknown ones; undefined when not even the rank is known. */
export function targetShape(context: InferenceContext, input: number): readonly Dim[] | undefined {
  const data = context.dataOf(input);
  if (data) return data;
  const length = lengthOf(context, input);
  return length === undefined ? undefined : new Array<Dim>(length).fill(undefined);
}

/** Throws ERR_SHAPE unless the input, where its rank is known, has one of the ranks. */
export function requireRank(context: InferenceContext, input: number, ...ranks: number[]): Shape | undefined {
  const shape = context.shapeOf(input);
  if (shape && !ranks.includes(shape.length)) {
    throw context.error(`input ${input}`, `rank ${ranks.join(' or ')}`, shape);
  }
  return shape;
}

/** The shape of an input, which must have at least `rank` dimensions where known. */
export function requireRankFrom(context: InferenceContext, input: number, rank: number): Shape | undefined {
  const shape = context.shapeOf(input);
  if (shape && shape.length < rank) throw context.error(`input ${input}`, `rank >= ${rank}`, shape);
  return shape;
}

/** A shape of `rank` unknown dimensions. */
export const unknownShape = (rank: number): Dim[] => new Array<Dim>(rank).fill(undefined);

/** A list attribute whose integers may be bounds such as INT64_MAX: those beyond 2^53 are clamped. */
export function boundsOf(node: Node, name: string): readonly number[] {
  return node.bounds(name) ?? [];
}
