import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { GossamerError } from '@gossamer/graph';
import { parseMask } from './mask.js';

/**
 * A one-operator model: `int32` MatMulInteger uint8 x int8 -> int32; `int32-s8s8` with int8 activations; `quantized` QLinearMatMul uint8 x int8
 * (a scale per output) -> uint8; `dynamic` float in and out, DynamicQuantizeLinear around MatMulInteger; `float` MatMul; `nbits` MatMulNBits,
 * 4 bits, accuracy_level 4.
 */
export type KernelKind = 'int32' | 'int32-s8s8' | 'quantized' | 'dynamic' | 'float' | 'nbits';

/** One product of an [m, k] activation with a [k, n] weight, run `repeat` times in a row on as many weights. */
export interface KernelCase {
  /** Unique within a suite, without the threads. */
  readonly name: string;
  /** The table it stands in. */
  readonly group: string;
  readonly kind: KernelKind;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** See parseMask. */
  readonly mask: string;
  /** Weights that share a scale; nbits only. */
  readonly blockSize: number | undefined;
  /** Layers in the model; above 1 the output of each is the input of the next, so n = k. */
  readonly repeat: number;
}

/** What a shapes file says, before every combination is listed. */
interface ShapeGroup {
  readonly group: string;
  readonly kinds: readonly string[];
  readonly shapes: readonly string[];
  readonly masks?: readonly string[];
  readonly blockSizes?: readonly number[];
  readonly repeat?: number;
}

const KINDS: readonly string[] = ['int32', 'int32-s8s8', 'quantized', 'dynamic', 'float', 'nbits'];
/** Kinds whose output can be the next layer's input. */
const CHAINABLE: readonly string[] = ['quantized', 'dynamic', 'float', 'nbits'];

/** The cases of `shapes/NAME.json` of this package. */
export function readShapes(name: string): KernelCase[] {
  const folder = join(createRequire(import.meta.url).resolve('@gossamer/bench/package.json'), '..', 'shapes');
  return parseShapes(JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')), `${name}.json`);
}

/** Every combination of each group; throws ERR_SHAPES naming what is wrong. */
export function parseShapes(document: unknown, file: string): KernelCase[] {
  const { groups } = (document ?? {}) as { groups?: unknown };
  if (!Array.isArray(groups)) throw bad(file, 'a list "groups"', typeof groups);
  const cases = (groups as ShapeGroup[]).flatMap((group) => expandGroup(group, file));
  const names = new Set<string>();
  for (const { name } of cases) {
    if (names.has(name)) throw bad(file, 'cases with names of their own', `${name} twice`);
    names.add(name);
  }
  return cases;
}

function expandGroup(spec: ShapeGroup, file: string): KernelCase[] {
  const { group, kinds, shapes, masks = ['dense'], blockSizes = [undefined], repeat = 1 } = spec;
  if (typeof group !== 'string' || !Array.isArray(kinds) || !Array.isArray(shapes)) {
    throw bad(file, 'groups with "group", "kinds" and "shapes"', JSON.stringify(spec).slice(0, 80));
  }
  const found: KernelCase[] = [];
  for (const kind of kinds as string[]) {
    if (!KINDS.includes(kind)) throw bad(file, `kinds of ${KINDS.join(', ')}`, kind);
    for (const shape of shapes as string[]) {
      const [m, n, k] = parseShape(shape, file);
      if (repeat > 1 && (n !== k || !CHAINABLE.includes(kind))) {
        throw bad(
          file,
          `a square weight and a kind of ${CHAINABLE.join(', ')} where layers repeat`,
          `${kind} ${shape}`,
        );
      }
      for (const mask of masks) {
        parseMask(mask);
        for (const blockSize of blockSizes) {
          if ((kind === 'nbits') !== (blockSize !== undefined)) throw bad(file, 'blockSizes for nbits only', kind);
          found.push({
            name: caseName(kind as KernelKind, shape, mask, blockSize, repeat),
            ...{ group, kind: kind as KernelKind, m, n, k, mask, blockSize, repeat },
          });
        }
      }
    }
  }
  return found;
}

function caseName(
  kind: KernelKind,
  shape: string,
  mask: string,
  blockSize: number | undefined,
  repeat: number,
): string {
  const details = [
    ...(mask === 'dense' ? [] : [mask]),
    ...(blockSize === undefined ? [] : [`block ${blockSize}`]),
    ...(repeat === 1 ? [] : [`${repeat} layers`]),
  ];
  return [kind, shape, ...details].join(' ');
}

/** `MxNxK`. */
function parseShape(text: string, file: string): [number, number, number] {
  const sizes = /^(\d+)x(\d+)x(\d+)$/.exec(String(text))?.slice(1).map(Number);
  if (!sizes || sizes.some((size) => size === 0)) throw bad(file, 'shapes like 128x768x3072 (M x N x K)', String(text));
  return sizes as [number, number, number];
}

/** Multiplications and additions of one run of the model, zeros of a mask counted as if they were multiplied. */
export function operationsOf({ m, n, k, repeat }: KernelCase): number {
  return 2 * m * n * k * repeat;
}

const bad = (file: string, expected: string, received: string) =>
  new GossamerError('ERR_SHAPES', `${file}: expected ${expected}, received ${received}`);
