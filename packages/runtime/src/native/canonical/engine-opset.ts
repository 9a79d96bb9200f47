/** The operator set that the engine's operators are those of. */
export const ENGINE_OPSET = 21;
