import type { DType } from '@gossamer/graph';

/** How a list field holds the elements of a type: bytes of one in raw layout, whether they are signed. */
export interface ListType {
  readonly width: number;
  readonly isSigned: boolean;
}

const INT32_DATA: Partial<Record<DType, ListType>> = {
  int32: { width: 4, isSigned: true },
  int16: { width: 2, isSigned: true },
  int8: { width: 1, isSigned: true },
  uint16: { width: 2, isSigned: false },
  uint8: { width: 1, isSigned: false },
  bool: { width: 1, isSigned: false },
  float16: { width: 2, isSigned: false },
  bfloat16: { width: 2, isSigned: false },
};
const INT64_DATA: Partial<Record<DType, ListType>> = { int64: { width: 8, isSigned: true } };
const UINT64_DATA: Partial<Record<DType, ListType>> = {
  uint64: { width: 8, isSigned: false },
  uint32: { width: 4, isSigned: false },
};

/** The types that each list of varints of a TensorProto holds. */
export const VARINT_LISTS = { int32_data: INT32_DATA, int64_data: INT64_DATA, uint64_data: UINT64_DATA } as const;

/** Elements of a packed list of varints in raw layout; undefined unless `varintsOf` gives the list back. */
export function rawOfVarints(list: Uint8Array, count: number, type: ListType): Uint8Array | undefined {
  const raw = new Uint8Array(count * type.width);
  const view = new DataView(raw.buffer);
  let at = 0;
  for (let i = 0; i < count; i++) {
    let low = 0;
    let high = 0;
    for (let shift = 0; ; shift += 7) {
      if (at === list.length || shift > 63) return undefined;
      const byte = list[at++]!;
      if (shift < 28) low |= (byte & 127) << shift;
      else if (shift === 28) {
        low |= (byte & 15) << 28;
        high = (byte & 127) >> 4;
      } else high |= (byte & 127) << (shift - 32);
      if (byte < 128) break;
    }
    write(view, i, type.width, low, high);
  }
  return at === list.length && Buffer.compare(varintsOf(raw, type), list) === 0 ? raw : undefined;
}

/** The packed list of varints of elements in raw layout: signed ones below 0 take 10 bytes. */
export function varintsOf(raw: Uint8Array, { width, isSigned }: ListType): Uint8Array {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  const count = raw.length / width;
  const list = new Uint8Array(10 * count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    let low = lowOf(view, i, width, isSigned);
    let high = width === 8 ? view.getUint32(8 * i + 4, true) : isSigned && low < 0 ? 0xffffffff : 0;
    low >>>= 0;
    while (high !== 0 || low > 127) {
      list[at++] = (low & 127) | 128;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    list[at++] = low;
  }
  return list.slice(0, at);
}

function lowOf(view: DataView, i: number, width: number, isSigned: boolean): number {
  if (width === 1) return isSigned ? view.getInt8(i) : view.getUint8(i);
  if (width === 2) return isSigned ? view.getInt16(2 * i, true) : view.getUint16(2 * i, true);
  return view.getInt32(width * i, true);
}

function write(view: DataView, i: number, width: number, low: number, high: number): void {
  if (width === 1) view.setUint8(i, low);
  else if (width === 2) view.setUint16(2 * i, low, true);
  else view.setInt32(width * i, low, true);
  if (width === 8) view.setInt32(8 * i + 4, high, true);
}
