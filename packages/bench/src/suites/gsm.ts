import { decodeSpeed } from '../gsm/decode-speed.js';
import { largeFile } from '../gsm/large-file.js';
import { sizes } from '../gsm/sizes.js';
import type { Suite } from '../harness/suite.js';
import { suiteOfParts } from '../harness/suite-of-parts.js';

const PARTS = { sizes, speed: decodeSpeed, large: largeFile } as const;

/** Models stored without loss. `--only sizes,speed,large`: of these parts. */
export const gsm: Suite = {
  name: 'gsm',
  isTimed: true,
  about: 'models as .gsm files: bytes beside gzip, brotli and xz, the adaptive entropy, speed and memory',
  run: (context) => suiteOfParts(PARTS, SUMMARY, context),
};

const SUMMARY = `The nets of fixtures/models: in float32; in int8 (dynamic); with 80 % of each layer's weights 0 by magnitude; with zeros, in int8. General compressors get the same ONNX file. "Integers / entropy" is of all tensors of 4 and 8 bits of a model together: bytes in the
.gsm over the adaptive entropy (Krichevsky and Trofimov, of the values that occur, without contexts). Rates of whole models are of one run each, in megabytes of the ONNX file for a second of processor time; short files mostly show what starting takes.`;
