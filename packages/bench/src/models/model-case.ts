import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Model } from '@gossamer/graph';
import { saveModel } from '@gossamer/graph/onnx';
import { bert, mobileNetV2, resNet50 } from '@gossamer/graph/zoo';
import { quantize } from '@gossamer/quantize';
import { openData } from '@gossamer/runtime';
import { parseMask } from '../cases/mask.js';
import { maskWeights } from './mask-weights.js';

/** A model of the zoo with the ways it is measured. */
export interface ZooModel {
  readonly name: string;
  readonly build: () => Model;
  readonly mode: 'static' | 'dynamic';
  /** Its name of the batch. */
  readonly batch: string;
  /** Operators of ONNX Runtime's optimised graph that a mask can make faster. */
  readonly products: readonly string[];
  readonly masks: readonly string[];
}

const MASKS = ['dense', '80%', '80%cap16', '12:64'];

/** The published shapes with random weights: speed and memory are real, quality is not measured. */
export const ZOO: readonly ZooModel[] = [
  {
    ...{ name: 'ResNet-50', build: resNet50, mode: 'static', batch: 'N', masks: MASKS },
    products: ['QLinearConv', 'Conv', 'ConvInteger'],
  },
  {
    ...{ name: 'BERT-base-128', build: bert, mode: 'dynamic', batch: 'n', masks: MASKS },
    products: ['DynamicQuantizeMatMul', 'MatMulIntegerToFloat', 'MatMulInteger'],
  },
  {
    ...{ name: 'MobileNetV2', build: mobileNetV2, mode: 'static', batch: 'N', masks: ['dense'] },
    products: ['QLinearConv', 'Conv'],
  },
];

/** A file of a quantized model. */
export interface ModelFile {
  readonly mask: string;
  readonly path: string;
  /** Share of zeros in the masked weights. */
  readonly sparsity: number;
  readonly maskedLayers: number;
}

const CALIBRATION_SAMPLES = 4;
const PIXELS = 224;

/** Builds and quantizes a model and writes a file for each mask into `folder`. */
export async function writeModelFiles(zoo: ZooModel, folder: string, signal: AbortSignal): Promise<ModelFile[]> {
  mkdirSync(folder, { recursive: true });
  const data = await openData(`random:${CALIBRATION_SAMPLES}`, { seed: 0, openSize: PIXELS });
  const options = zoo.mode === 'static' ? { mode: zoo.mode, data, signal } : { mode: zoo.mode, signal };
  const { model } = await quantize(zoo.build(), options);
  const files: ModelFile[] = [];
  for (const mask of zoo.masks) {
    signal.throwIfAborted();
    const path = join(folder, `${zoo.name}-${mask.replaceAll(/[%:]/g, '-')}.onnx`);
    if (mask === 'dense') {
      await saveModel(model, path, { fsync: false });
      files.push({ mask, path, sparsity: 0, maskedLayers: 0 });
    } else {
      const masked = maskWeights(model, parseMask(mask));
      await saveModel(masked.model, path, { fsync: false });
      files.push({ mask, path, sparsity: masked.sparsity, maskedLayers: masked.layers });
    }
  }
  return files;
}
