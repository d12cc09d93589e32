/** The prior lab in words: numbers with their errors, priors as one writes them, the Python of a state. */
import { short } from "../host/text.js";
import type { Setting, Settings } from "../weights/types.js";
import type { PriorsAbout, PriorsState } from "./priors-data.js";

/** A number to the digit its Monte Carlo error reaches, and the error to two. */
export function withError(value: number, error: number): string {
  if (!Number.isFinite(value)) return "–";
  const rounding = value === 0 ? 1e-15 : 1e-9 * Math.abs(value);
  if (!(error > rounding) || !Number.isFinite(error)) return signed(compact(value, 4));
  const power = Math.floor(Math.log10(Math.max(Math.abs(value), error)));
  if (power < -3 || power >= 7) {
    const unit = 10 ** power;
    const places = Math.min(12, Math.max(0, 1 - Math.floor(Math.log10(error / unit))));
    return signed(`(${compactFixed(value / unit, places)} ± ${compactFixed(error / unit, places)})e${power}`);
  }
  const places = Math.min(12, Math.max(0, 1 - Math.floor(Math.log10(error))));
  return `${signed(compactFixed(value, places))} ± ${compactFixed(error, places)}`;
}

const compactFixed = (value: number, places: number): string => {
  const text = Math.abs(value) >= 1e6 ? value.toPrecision(4) : value.toFixed(places);
  return Number(text) === 0 ? text.replace("-", "") : text;
};

export const compact = (value: number, digits = 3): string => short(value, digits);

export const signed = (text: string): string => text.replaceAll("-", "−");

/** A prior as it is read: `HalfNormal(sigma=2.5)`. */
export function said({ family, args }: Setting): string {
  const parts = Object.entries(args)
    .filter(([name]) => name !== "size")
    .map(([name, value]) =>
      Array.isArray(value)
        ? `${name}=[${value.map((one) => compact(one)).join(", ")}]`
        : `${name}=${compact(value)}`,
    );
  return `${family}(${signed(parts.join(", "))})`;
}

const number = (value: number): string => {
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
};

const argument = (value: number | number[]): string =>
  Array.isArray(value) ? `[${value.map(number).join(", ")}]` : number(value);

/** A prior as one writes it in Python; the eta of a correlation alone. */
export function written({ family, args }: Setting): string {
  if (family === "LKJ") return argument(args.eta ?? Number.NaN);
  const parts = Object.entries(args).map(([name, value]) => `, ${name}=${argument(value)}`);
  return `hw.Prior(${JSON.stringify(family)}${parts.join("")})`;
}

/** The Python that gives the present state: views/priors_code.py. */
export function code(
  about: PriorsAbout,
  settings: Settings,
  state: PriorsState,
  initial: PriorsState,
): string {
  const known = about.priors
    .map(({ parameter }) => [parameter, settings[parameter]] as const)
    .filter((pair): pair is [string, Setting] => {
      const setting = pair[1];
      return setting !== undefined && (Object.keys(setting.args).length > 0 || setting.family === "Flat");
    });
  const lines = ["priors = {"];
  for (const [name, setting] of known)
    if (setting.family !== "LKJ") lines.push(`    ${JSON.stringify(name)}: ${written(setting)},`);
  lines.push("}");
  const etas = known
    .filter(([, { family }]) => family === "LKJ")
    .map(([name, setting]) => `${JSON.stringify(about.correlated[name] ?? name)}: ${written(setting)}`);
  if (etas.length > 0) lines.push(`correlated = {${etas.join(", ")}}`);
  const changed: string[] = [];
  const priors = Object.entries(state.priors).map(
    ([name, one]) => `${JSON.stringify(name)}: ${written(one)}`,
  );
  if (priors.length > 0) changed.push(`priors={${priors.join(", ")}}`);
  for (const name of ["term", "quantity", "group", "top", "auto"] as const) {
    const value = state[name];
    if (value === initial[name]) continue;
    const text = typeof value === "boolean" ? (value ? "True" : "False") : JSON.stringify(value);
    changed.push(`${name}=${text}`);
  }
  lines.push(`${about.name}.priors(${changed.join(", ")})`);
  return lines.join("\n");
}
