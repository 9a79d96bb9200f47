/** How a field's value is encoded; `bytes` and `string` differ only in how they are read. */
export type FieldKind = 'message' | 'string' | 'bytes' | 'int32' | 'int64' | 'uint64' | 'float' | 'double';

/** One field of a message. */
export interface FieldSchema {
  readonly no: number;
  /** Name in the .proto file. */
  readonly name: string;
  /** `Message.field`, for error messages. */
  readonly label: string;
  readonly kind: FieldKind;
  readonly repeated: boolean;
  /** True when the .proto file declares the list packed; both forms are read either way. */
  readonly packed: boolean;
  /** Type of a sub-message. */
  readonly child: MessageSchema | undefined;
}

/** Protobuf wire types; 4 (end of a group) only closes 3. */
export const WireType = { varint: 0, fixed64: 1, bytes: 2, group: 3, endGroup: 4, fixed32: 5 } as const;

/** Field of a message definition: number, kind or the name of a message, and how often it occurs. */
export type FieldDefinition = readonly [no: number, type: string, cardinality?: 'repeated' | 'packed'];

const SCALAR_KINDS: ReadonlySet<string> = new Set<FieldKind>([
  'string',
  'bytes',
  'int32',
  'int64',
  'uint64',
  'float',
  'double',
]);

/** What the reader knows of one message type: which fields it may descend into and how to decode the others. */
export class MessageSchema<Name extends string = string> {
  /** Name in the .proto file, without its package. */
  readonly name: string;
  /** Field numbers by field name. */
  readonly no: Readonly<Record<Name, number>>;
  readonly #definition: Readonly<Record<Name, FieldDefinition>>;
  readonly #resolve: (name: string) => MessageSchema;
  #byNo: (FieldSchema | undefined)[] | undefined;
  #fields: ReadonlyMap<number, FieldSchema> | undefined;

  constructor(
    name: string,
    definition: Readonly<Record<Name, FieldDefinition>>,
    resolve: (name: string) => MessageSchema,
  ) {
    this.name = name;
    this.#definition = definition;
    this.#resolve = resolve;
    const entries = Object.entries<FieldDefinition>(definition);
    this.no = Object.fromEntries(entries.map(([field, [no]]) => [field, no])) as Record<Name, number>;
  }

  /** The field numbered `no`, or undefined when the schema does not know it. */
  field(no: number): FieldSchema | undefined {
    return (this.#byNo ??= this.#link())[no];
  }

  /** Every field by number. */
  get fields(): ReadonlyMap<number, FieldSchema> {
    this.#byNo ??= this.#link();
    return (this.#fields ??= new Map(this.#byNo.flatMap((field) => (field === undefined ? [] : [[field.no, field]]))));
  }

  // Messages refer to one another in circles, so references resolve on first use.
  #link(): (FieldSchema | undefined)[] {
    const byNo: (FieldSchema | undefined)[] = [];
    for (const [name, [no, type, cardinality]] of Object.entries<FieldDefinition>(this.#definition)) {
      const isScalar = SCALAR_KINDS.has(type);
      while (byNo.length < no) byNo.push(undefined);
      byNo[no] = {
        no,
        name,
        label: `${this.name}.${name}`,
        kind: isScalar ? (type as FieldKind) : 'message',
        repeated: cardinality !== undefined,
        packed: cardinality === 'packed',
        child: isScalar ? undefined : this.#resolve(type),
      };
    }
    return byNo;
  }
}
