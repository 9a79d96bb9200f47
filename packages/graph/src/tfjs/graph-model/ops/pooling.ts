import { pooling } from '../../pooling.js';
import { defineOp, type TfNode } from '../tf-node.js';
import { slidingOf, spatialInts } from './window-attributes.js';

const pool = (kind: 'max' | 'average') => (node: TfNode) =>
  pooling(node.e, kind, node.operand(0), { kernel: spatialInts(node, 'ksize'), ...slidingOf(node) });

export const poolingOps = [
  defineOp(['MaxPool', 'MaxPool3D'], pool('max')),
  defineOp(['AvgPool', 'AvgPool3D'], pool('average')),
];
