import type { Context } from "../host/types.js";

export async function shrinkage(_context: Context): Promise<void> {
  throw new Error("Not built yet.");
}
