/** Arrays as Python sends them: little-endian bytes, or a list of strings. */
export interface Raw {
  dtype: string;
  shape: number[];
  data: DataView | string[];
}

export type Floats = Float32Array | Float64Array;
export type Values = Floats | Int32Array | Uint8Array;

export type Column =
  | { dtype: "float32" | "float64" | "int32" | "uint8"; shape: number[]; values: Values }
  | { dtype: "string"; shape: number[]; values: string[] };

const KINDS = { float32: Float32Array, float64: Float64Array, int32: Int32Array, uint8: Uint8Array } as const;

export function decode(raw: Raw): Column {
  const size = raw.shape.reduce((product, length) => product * length, 1);
  if (raw.dtype === "string") {
    if (!Array.isArray(raw.data) || raw.data.length !== size) throw mismatch(raw, size);
    return { dtype: "string", shape: raw.shape, values: raw.data };
  }
  const dtype = raw.dtype as keyof typeof KINDS;
  const Kind = Object.hasOwn(KINDS, dtype) ? KINDS[dtype] : undefined;
  if (!Kind) throw new TypeError(`A column of dtype ${raw.dtype} cannot be read.`);
  const { data } = raw;
  if (Array.isArray(data) || data.byteLength !== size * Kind.BYTES_PER_ELEMENT) throw mismatch(raw, size);
  const { buffer, byteOffset, byteLength } = data;
  const aligned = byteOffset % Kind.BYTES_PER_ELEMENT === 0;
  const values = aligned
    ? new Kind(buffer as ArrayBuffer, byteOffset, size)
    : new Kind(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
  return { dtype, shape: raw.shape, values };
}

export function decodeAll(raw: Record<string, Raw>): Record<string, Column> {
  return Object.fromEntries(Object.entries(raw).map(([name, column]) => [name, decode(column)]));
}

/** The numbers of a column that must be there and must hold numbers. */
export function numbers(columns: Record<string, Column>, name: string): Values {
  const column = columns[name];
  if (!column || column.dtype === "string") throw new Error(`The view lacks its numbers ${name}.`);
  return column.values;
}

/** The strings of a column that must be there and must hold strings. */
export function strings(columns: Record<string, Column>, name: string): string[] {
  const column = columns[name];
  if (column?.dtype !== "string") throw new Error(`The view lacks its labels ${name}.`);
  return column.values;
}

function mismatch(raw: Raw, size: number): Error {
  return new RangeError(
    `A ${raw.dtype} column of shape ${raw.shape.join(" x ")} should hold ${size} values.`,
  );
}
