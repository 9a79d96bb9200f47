export { encoderDecoder, type EncoderDecoderOptions } from './encoder-decoder.js';
export { generator, type GeneratorOptions } from './generator.js';
export { leNet300100, leNet5 } from './lenet.js';
export { mobileNetV2 } from './mobilenet.js';
export { resNet20, resNet50, type ZooOptions } from './resnet.js';
export { tagger, type TaggerOptions } from './tagger.js';
export { bert, tinyLm, type TransformerOptions } from './transformer.js';
export { uNet, type UNetOptions } from './u-net.js';
export { wav2Vec2, type Wav2Vec2Options } from './wav2vec2.js';
