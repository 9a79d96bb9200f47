import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { TypeJson } from './typed-json.js';

/** A model that onnx's own tests of shape inference infer, and what onnx found. */
export interface SuiteCase {
  /** The test's name; several models of one test are numbered. */
  readonly name: string;
  /** Encoded ModelProto. */
  readonly model: Uint8Array;
  /** onnx was told to fail on what cannot be right. */
  readonly strict: boolean;
  /** onnx was told to follow contents of shapes. */
  readonly data: boolean;
  /** Types of the values of the main graph, by name; undefined where onnx failed. */
  readonly types: Readonly<Record<string, TypeJson>> | undefined;
  /** onnx's error, cut at 200 characters. */
  readonly error: string | undefined;
}

interface SuiteFile {
  readonly onnx: string;
  readonly cases: readonly {
    readonly test: string;
    readonly strict: boolean;
    readonly data: boolean;
    readonly model: string;
    readonly types?: Readonly<Record<string, TypeJson>>;
    readonly error?: string;
  }[];
}

const ARCHIVE = join(__dirname, 'onnx-shape-inference.json.gz');

/** The cases of `onnx-shape-inference.json.gz`, made by `packages/bench/peers/infer_shapes.py suite` from onnx's tests (Apache-2.0, see NOTICE.md). */
export function suiteCases(): SuiteCase[] {
  const file = JSON.parse(gunzipSync(readFileSync(ARCHIVE)).toString()) as SuiteFile;
  const counts = new Map<string, number>();
  return file.cases.map(({ test, model, strict, data, types, error }) => {
    const count = (counts.get(test) ?? 0) + 1;
    counts.set(test, count);
    const name = count === 1 ? test : `${test} #${count}`;
    return { name, model: Buffer.from(model, 'base64'), strict, data, types, error };
  });
}
