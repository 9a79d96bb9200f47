import type { EvalTensor } from '../../eval-value.js';
import { defineKernel, type Kernel, type KernelCall } from '../../kernel.js';
import { broadcastDims, broadcastOffsets } from '../../strided.js';
import { fullMatcher } from './regex-match.js';

/** A tensor input of strings; ERR_EVAL_INPUT for anything else. */
export function stringsOf(call: KernelCall, index: number): { dims: readonly number[]; data: readonly string[] } {
  const { dims, data, dtype } = call.tensor(index);
  if (!Array.isArray(data)) call.fail('ERR_EVAL_INPUT', `input ${index}`, 'strings', dtype);
  return { dims, data };
}

/** A result of strings. */
export function stringTensor(call: KernelCall, dims: readonly number[], values: readonly string[]): EvalTensor {
  const target = call.allocate('string', dims);
  const data = target.data as string[];
  values.forEach((value, i) => (data[i] = value));
  return target;
}

/** Charges the characters of what is about to be made: strings grow where elements do not. */
function chargeText(call: KernelCall, values: readonly string[]): void {
  call.charge(values.reduce((sum, value) => sum + value.length, 0));
}

function concat(call: KernelCall): EvalTensor {
  const [a, b] = [stringsOf(call, 0), stringsOf(call, 1)];
  const dims = broadcastDims(a.dims, b.dims);
  const target = call.allocate('string', dims);
  const [ia, ib] = [broadcastOffsets(a.dims, dims), broadcastOffsets(b.dims, dims)];
  const data = target.data as string[];
  for (let i = 0; i < data.length; i++) data[i] = a.data[ia ? ia[i]! : i]! + b.data[ib ? ib[i]! : i]!;
  chargeText(call, data);
  return target;
}

/** Words between runs of white space; after `most` splits the rest is one word, trimmed. */
function splitWords(text: string, most: number): string[] {
  const words: string[] = [];
  let rest = text.trim();
  while (rest !== '') {
    const gap = words.length < most ? /\s+/.exec(rest) : null;
    if (!gap) return [...words, rest];
    words.push(rest.slice(0, gap.index));
    rest = rest.slice(gap.index + gap[0].length);
  }
  return words;
}

/** Parts between delimiters, at most `most` splits from the left. */
function splitAt(text: string, delimiter: string, most: number): string[] {
  const parts: string[] = [];
  let start = 0;
  while (parts.length < most) {
    const end = text.indexOf(delimiter, start);
    if (end < 0) break;
    parts.push(text.slice(start, end));
    start = end + delimiter.length;
  }
  return [...parts, text.slice(start)];
}

/** Parts of each string along a new last axis, padded with '', and their counts. */
function split(call: KernelCall): EvalTensor[] {
  const x = stringsOf(call, 0);
  const delimiter = call.node.string('delimiter', '');
  const given = call.node.int('maxsplit', undefined);
  const most = given === undefined || given < 0 ? Infinity : given;
  chargeText(call, x.data);
  const parts = x.data.map((text) => (delimiter === '' ? splitWords(text, most) : splitAt(text, delimiter, most)));
  const widest = parts.reduce((width, list) => Math.max(width, list.length), 0);
  const target = call.allocate('string', [...x.dims, widest]);
  const data = target.data as string[];
  parts.forEach((list, i) => list.forEach((part, j) => (data[i * widest + j] = part)));
  const counts = parts.map((list) => list.length);
  return [target, call.result('int64', x.dims, counts)];
}

/** Whether all of each string matches the RE2 pattern. */
function fullMatch(call: KernelCall): EvalTensor {
  const x = stringsOf(call, 0);
  const pattern = call.node.string('pattern', undefined);
  if (pattern === undefined) call.fail('ERR_EVAL_INPUT', 'pattern', 'a pattern', 'none');
  const matches = fullMatcher(pattern, (steps) => call.charge(steps));
  const target = call.allocate('bool', x.dims);
  x.data.forEach((text, i) => (target.data[i] = matches(text) ? 1 : 0));
  return target;
}

/** Text operators of the standard that work on single strings. */
export const stringKernels: readonly Kernel[] = [
  defineKernel({ op: 'StringConcat', run: (call) => [concat(call)] }),
  defineKernel({ op: 'StringSplit', run: split }),
  defineKernel({ op: 'RegexFullMatch', run: (call) => [fullMatch(call)] }),
];
