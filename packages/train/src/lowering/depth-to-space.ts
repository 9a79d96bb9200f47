import { defineLowering } from './lowering.js';

/** A view of blocks, their axes exchanged. Source: ONNX operator DepthToSpace. */
export const depthToSpaceLowering = defineLowering({
  op: 'DepthToSpace',
  lower(g, node, [x]) {
    const [n, c, h, w] = g.shape(x!) as [number, number, number, number];
    const block = node.int('blocksize', 1);
    const depth = c / block ** 2;
    const isColumnRow = node.string('mode', 'DCR') === 'CRD';
    const blocks = g.reshape(x!, isColumnRow ? [n, depth, block, block, h, w] : [n, block, block, depth, h, w]);
    const placed = g.transpose(blocks, isColumnRow ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]);
    return [g.reshape(placed, [n, depth, h * block, w * block])];
  },
});

/** The way back of DepthToSpace DCR. */
export const spaceToDepthLowering = defineLowering({
  op: 'SpaceToDepth',
  lower(g, node, [x]) {
    const [n, c, h, w] = g.shape(x!) as [number, number, number, number];
    const block = node.int('blocksize', 1);
    const blocks = g.reshape(x!, [n, c, h / block, block, w / block, block]);
    return [g.reshape(g.transpose(blocks, [0, 3, 5, 1, 2, 4]), [n, c * block ** 2, h / block, w / block])];
  },
});
