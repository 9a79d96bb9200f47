/** Whether a tensor of sizes `dims` broadcasts to `shape` and leaves it as it is. */
export const broadcastsTo = (dims: readonly number[], shape: readonly number[]): boolean =>
  dims.length <= shape.length &&
  dims.every((dim, axis) => dim === 1 || dim === shape[shape.length - dims.length + axis]);
