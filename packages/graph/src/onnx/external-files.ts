import type { TensorStorage } from '../ir/tensor.js';
import type { WireMessage } from '../wire/wire-message.js';

/** Opens the external data a TensorProto points at; how paths are contained is decided where it is made. */
export interface ExternalFiles {
  /** Storage of `byteLength` bytes; throws a GossamerError when the reference is unsafe, missing or too short. */
  open(message: WireMessage, byteLength: number): TensorStorage;
}
