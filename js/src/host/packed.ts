/** JSON that was gzipped on its way to the page. */
export async function unpackJson<T>(packed: DataView<ArrayBuffer>): Promise<T> {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return (await new Response(stream).json()) as T;
}
