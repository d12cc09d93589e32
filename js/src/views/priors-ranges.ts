/** The sliders' arithmetic: which range, what a moved slider makes of the arguments, a new family's start. */
import { argumentsOf, CORRELATION, LOCATION, POSITIVE } from "../weights/densities.js";
import type { Args, Setting } from "../weights/types.js";
import type { Prior } from "./priors-data.js";

export interface Range {
  min: number;
  max: number;
  log: boolean;
}

const DOWN = 50;
const UP = 10;
const REACH = 3;
const CURVE_POINTS = 25;
const FAMILIES = { location: LOCATION, positive: POSITIVE, correlation: CORRELATION };

export function familiesOf(kind: Prior["kind"]): readonly string[] {
  return FAMILIES[kind];
}

/** The arguments that get a slider. */
export function moving(family: string): readonly string[] {
  return argumentsOf(family).filter((name) => name !== "size");
}

/** Whether an argument says where the prior stands, rather than how wide it is. */
export function isPlace(family: string, argument: string): boolean {
  if (argument === "mu" || argument === "lower" || argument === "upper") return true;
  return family === "Cauchy" && argument === "alpha";
}

/** The number a slider stands at: of a vector argument its first element's. */
export function leading(value: number | number[] | undefined): number {
  return (Array.isArray(value) ? value[0] : value) ?? Number.NaN;
}

/** An argument moved to a number; a vector's elements move alike, by the same ratio or the same step. */
export function movedTo({ family, args }: Setting, argument: string, value: number): Setting {
  const before = args[argument];
  if (!Array.isArray(before)) return { family, args: { ...args, [argument]: value } };
  const first = leading(before);
  const shift = isPlace(family, argument) || first === 0;
  const next = before.map((one, i) =>
    i === 0 ? value : shift ? one + value - first : (one * value) / first,
  );
  return { family, args: { ...args, [argument]: next } };
}

/** Where a slider goes from `base`: a ratio for what must be positive, a few widths of the prior for a place. */
export function rangeOf(prior: Prior, base: Setting, setting: Setting, argument: string, sd: number): Range {
  const at = leading(setting.args[argument]);
  const start = leading(base.args[argument]);
  const positive = prior.kind === "positive" && (argument === "lower" || argument === "upper");
  if (isPlace(setting.family, argument) && !positive) {
    const { half } = shape(prior);
    const wide = setting.family === "LogNormal" ? REACH : Math.max(REACH * half, 4 * sd) || 1;
    return include({ min: start - wide, max: start + wide, log: false }, at);
  }
  if (argument === "lower") return include({ min: 0, max: Math.max(4 * sd, 2 * start) || 1, log: false }, at);
  if (argument === "nu") return include({ min: 1, max: 100, log: true }, Math.max(at, 1e-3));
  const centre = start > 0 && Number.isFinite(start) ? start : 1;
  const inverse = argument === "lam";
  const range = {
    min: centre / (inverse ? UP : DOWN),
    max: centre * (inverse ? DOWN : UP),
    log: true,
  };
  return at > 0 ? include(range, at) : range;
}

function include({ min, max, log }: Range, at: number): Range {
  return Number.isFinite(at) ? { min: Math.min(min, at), max: Math.max(max, at), log } : { min, max, log };
}

/** The values a curve is computed at. */
export function gridOf({ min, max, log }: Range, points = CURVE_POINTS): number[] {
  return Array.from({ length: points }, (_, i) => {
    const share = i / (points - 1);
    if (i === 0) return min;
    if (i === points - 1) return max;
    return log ? min * (max / min) ** share : min + share * (max - min);
  });
}

interface Shape {
  /** The median of the first element. */
  centre: number;
  /** Half the distance between the quartiles. */
  half: number;
}

const T4 = 0.7406970841126825;
const NORMAL = 0.6744897501960817;
const GAMMA2 = 1.6783469900166608;

/** Where a prior stands and how wide it is, near enough to start another family from. */
export function shape({ family, args }: Setting): Shape {
  const at = (name: string): number => leading(args[name]);
  const positive = (median: number): Shape => ({ centre: median, half: median });
  switch (family) {
    case "Normal":
      return { centre: at("mu"), half: NORMAL * at("sigma") };
    case "StudentT":
      return { centre: at("mu"), half: T4 * at("sigma") };
    case "Cauchy":
      return { centre: at("alpha"), half: at("beta") };
    case "Laplace":
      return { centre: at("mu"), half: Math.LN2 * at("b") };
    case "Uniform":
      return { centre: (at("lower") + at("upper")) / 2, half: (at("upper") - at("lower")) / 4 };
    case "HalfNormal":
      return positive(NORMAL * at("sigma"));
    case "HalfStudentT":
      return positive(T4 * at("sigma"));
    case "HalfCauchy":
      return positive(at("beta"));
    case "Exponential":
      return positive(Math.LN2 / at("lam"));
    case "Gamma":
      return positive(gammaMedian(at("alpha")) / at("beta"));
    case "InverseGamma":
      return positive(at("beta") / gammaMedian(at("alpha")));
    case "LogNormal":
      return positive(Math.exp(at("mu")));
    case "Weibull":
      return positive(at("beta") * Math.LN2 ** (1 / at("alpha")));
    default:
      return { centre: Number.NaN, half: Number.NaN };
  }
}

/** The median of a gamma distribution of scale 1, by Wilson and Hilferty. */
function gammaMedian(alpha: number): number {
  return alpha * Math.max(1 - 1 / (9 * alpha), 0.05) ** 3;
}

/** Another family about as wide as the present prior; the fitted prior itself when its family is chosen. */
export function startOf(family: string, prior: Prior, setting: Setting, mean: number, sd: number): Setting {
  if (family === prior.family) return { family, args: prior.args };
  let { centre, half } = shape(setting);
  if (!Number.isFinite(centre) || !(half > 0)) {
    centre = prior.kind === "location" ? mean : Math.abs(mean) || 1;
    half = prior.kind === "location" ? 5 * sd || 1 : centre;
  }
  return { family, args: rounded(started(family, prior.kind, centre, half)) };
}

function started(family: string, kind: Prior["kind"], centre: number, half: number): Args {
  switch (family) {
    case "Normal":
      return { mu: centre, sigma: half / NORMAL };
    case "StudentT":
      return { nu: 4, mu: centre, sigma: half / T4 };
    case "Cauchy":
      return { alpha: centre, beta: half };
    case "Laplace":
      return { mu: centre, b: half / Math.LN2 };
    case "Uniform":
      return kind === "positive"
        ? { lower: 0, upper: 2 * centre }
        : { lower: centre - 2 * half, upper: centre + 2 * half };
    case "HalfNormal":
      return { sigma: centre / NORMAL };
    case "HalfStudentT":
      return { nu: 4, sigma: centre / T4 };
    case "HalfCauchy":
      return { beta: centre };
    case "Exponential":
      return { lam: Math.LN2 / centre };
    case "Gamma":
      return { alpha: 2, beta: GAMMA2 / centre };
    case "InverseGamma":
      return { alpha: 2, beta: GAMMA2 * centre };
    case "LogNormal":
      return { mu: Math.log(centre), sigma: 1 };
    case "Weibull":
      return { alpha: 2, beta: centre / Math.sqrt(Math.LN2) };
    default:
      return {};
  }
}

const rounded = (args: Args): Args =>
  Object.fromEntries(Object.entries(args).map(([name, value]) => [name, tidy(value as number)]));

/** A number to three digits. */
export const tidy = (value: number): number => Number(value.toPrecision(3));
