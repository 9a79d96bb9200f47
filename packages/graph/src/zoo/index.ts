export { leNet300100, leNet5 } from './lenet.js';
export { mobileNetV2 } from './mobilenet.js';
export { resNet20, resNet50, type ZooOptions } from './resnet.js';
export { bert, tinyLm, type TransformerOptions } from './transformer.js';
