/** Order without more sorting than is needed. */

const SAMPLE = 200;

let kept = new Float64Array(0);

/**
 * The `count` largest values in ascending order. A threshold guessed from a sample leaves few to
 * sort; where the guess fails, all are sorted.
 */
export function largest(values: Float64Array, count: number): Float64Array {
  const n = values.length;
  if (n < 4 * SAMPLE)
    return values
      .slice()
      .sort()
      .subarray(n - count);
  const stride = Math.floor(n / SAMPLE);
  const sample = new Float64Array(SAMPLE);
  for (let i = 0; i < SAMPLE; i++) sample[i] = values[i * stride] as number;
  sample.sort();
  const share = count / n;
  const margin = 3 * Math.sqrt(SAMPLE * share * (1 - share));
  const threshold = sample[Math.max(Math.floor(SAMPLE * (1 - share) - margin) - 1, 0)] as number;
  if (kept.length < n) kept = new Float64Array(n);
  const room = kept;
  let size = 0;
  for (let i = 0; i < n; i++) {
    const value = values[i] as number;
    if (value > threshold) room[size++] = value;
  }
  if (size < count)
    return values
      .slice()
      .sort()
      .subarray(n - count);
  return room
    .subarray(0, size)
    .sort()
    .slice(size - count);
}

const bits = new Uint32Array(1);
const single = new Float32Array(bits.buffer);
const PLACES = 2 ** 20;

/**
 * The places of float32 values in ascending order, ties by place. Each value and its place are
 * packed into one double, because sorting plain numbers is many times faster than a comparison.
 */
export function ascending(values: Float32Array): Uint32Array {
  const n = values.length;
  if (n > PLACES) throw new Error(`A pool holds at most ${PLACES} draws; got ${n}.`);
  const packed = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    single[0] = (values[i] as number) + 0;
    const raw = bits[0] as number;
    packed[i] = (raw >>> 31 ? ~raw >>> 0 : raw + 0x80000000) * PLACES + i;
  }
  packed.sort();
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = (packed[i] as number) % PLACES;
  return order;
}
