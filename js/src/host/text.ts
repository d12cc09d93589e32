/**
 * A number to so many digits, without trailing zeros; below 1e-4 and from 1e7 up with its power of ten.
 * hierwidgets/numbers.py has the same.
 */
export function short(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return "–";
  const [mantissa = "0", power = "0"] = value.toExponential(digits - 1).split("e");
  const everyday = value === 0 || (Number(power) >= -4 && Number(power) < 7);
  const text = everyday ? String(Number(value.toPrecision(digits))) : `${Number(mantissa)}e${Number(power)}`;
  return text.replaceAll("-", "−");
}

/** A number with so many digits after the point; infinities as signs, and null for minus infinity. */
export function fixed(value: number | null, digits: number): string {
  if (value === null || value === Number.NEGATIVE_INFINITY) return "−∞";
  if (value === Number.POSITIVE_INFINITY) return "∞";
  return value.toFixed(digits).replace("-", "−");
}

/** A number that an axis has a place for, else null. */
export function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

/** An estimate with its standard error, where it has one. */
export function pm(value: number | null, error: number | null): string {
  return error === null ? fixed(value, 1) : `${fixed(value, 1)} ± ${fixed(error, 1)}`;
}

/** A share of 1 in percent, with two digits. */
export function percent(share: number): string {
  return `${share < 0.1 ? Number((100 * share).toPrecision(2)) : Math.round(100 * share)} %`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

let ruler: CanvasRenderingContext2D | null | undefined;

/** The width in pixels of the widest label, at most `most`. */
export function widest(labels: readonly string[], most: number, font = "11px system-ui, sans-serif"): number {
  ruler ??= document.createElement("canvas").getContext("2d");
  if (!ruler) return most;
  ruler.font = font;
  const long = [...labels].sort((a, b) => b.length - a.length).slice(0, 40);
  let width = 0;
  for (const label of long) width = Math.max(width, ruler.measureText(label.slice(0, 200)).width);
  return Math.min(Math.ceil(width), most);
}
