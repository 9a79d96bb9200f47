import type { Suite } from '../harness/suite.js';
import { suiteOfParts } from '../harness/suite-of-parts.js';
import { alignedWidths } from '../structured/aligned-widths.js';
import { int8Widths } from '../structured/int8-widths.js';
import { prunedShapes } from '../structured/pruned-shapes.js';
import { smallResNet } from '../structured/small-resnet.js';

const PARTS = {
  'resnet-20': smallResNet,
  widths: alignedWidths,
  'int8-widths': int8Widths,
  shapes: prunedShapes,
} as const;

/** Structured pruning. `--only resnet-20`: of these parts. Trained nets are kept: called again, only the timings are made anew. */
export const structured: Suite = {
  name: 'structured',
  isTimed: true,
  about: 'channels, heads and hidden features taken out: ResNet-20 on Fashion-MNIST, aligned widths, real nets',
  run: (context) => suiteOfParts(PARTS, SUMMARY, context),
};

const SUMMARY = `Structure is removed from the graph; what is timed is the smaller file in stock ONNX Runtime, one thread, one image, in pairs with the whole one;
intervals are 95 % bootstraps. ResNet-20: channels by Taylor score, then 5 epochs on 55,000 training images with the whole net as teacher; the widths and the recipe were fixed before; 5,000 images
(which the whole net has seen) watch, the test images are classified once by each of five nets, which differ in the seed of that training. p is McNemar's exact test against the whole net.`;
