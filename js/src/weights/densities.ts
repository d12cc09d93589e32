/** Log densities of the priors that the lab offers, with PyMC's names: twin of weights/densities.py. */

import { logBeta, logGamma } from "./special";
import type { Args, Setting } from "./types";

type Numbers = ArrayLike<number>;
type LogDensity = (x: number) => number;

interface Family {
  arguments: readonly string[];
  /** Arguments that must be above zero. */
  positive: readonly string[];
  support: (a: readonly number[]) => readonly [number, number];
  log: (a: readonly number[]) => LogDensity;
}

const NEVER = Number.NEGATIVE_INFINITY;
const REAL = (): readonly [number, number] => [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
const HALF = (): readonly [number, number] => [0, Number.POSITIVE_INFINITY];
const LOG_TWO_PI = Math.log(2 * Math.PI);

const half = (log: (a: readonly number[]) => LogDensity) => (a: readonly number[]) => {
  const whole = log(a);
  return (x: number) => (x >= 0 ? Math.LN2 + whole(x) : NEVER);
};

const normal = ([mu = 0, sigma = 1]: readonly number[]): LogDensity => {
  const constant = -Math.log(sigma) - LOG_TWO_PI / 2;
  return (x) => constant - 0.5 * ((x - mu) / sigma) ** 2;
};

const student = ([nu = 1, mu = 0, sigma = 1]: readonly number[]): LogDensity => {
  const constant = -logBeta(nu / 2, 0.5) - 0.5 * Math.log(nu) - Math.log(sigma);
  return (x) => constant - ((nu + 1) / 2) * Math.log1p(((x - mu) / sigma) ** 2 / nu);
};

const cauchy = ([alpha = 0, beta = 1]: readonly number[]): LogDensity => {
  const constant = -Math.log(Math.PI) - Math.log(beta);
  return (x) => constant - Math.log1p(((x - alpha) / beta) ** 2);
};

/** p log x, where nothing of a logarithm is nothing. */
const timesLog = (p: number, x: number): number => (p === 0 ? 0 : p * Math.log(x));

const LOCATION_SCALE: Record<string, Family> = {
  Normal: { arguments: ["mu", "sigma"], positive: ["sigma"], support: REAL, log: normal },
  StudentT: { arguments: ["nu", "mu", "sigma"], positive: ["nu", "sigma"], support: REAL, log: student },
  Cauchy: { arguments: ["alpha", "beta"], positive: ["beta"], support: REAL, log: cauchy },
  Laplace: {
    arguments: ["mu", "b"],
    positive: ["b"],
    support: REAL,
    log:
      ([mu = 0, b = 1]) =>
      (x) =>
        -Math.log(2 * b) - Math.abs(x - mu) / b,
  },
  Uniform: {
    arguments: ["lower", "upper"],
    positive: [],
    support: ([lower = 0, upper = 1]) => [lower, upper],
    log:
      ([lower = 0, upper = 1]) =>
      (x) =>
        x >= lower && x <= upper ? -Math.log(upper - lower) : NEVER,
  },
  Flat: { arguments: [], positive: [], support: REAL, log: () => () => 0 },
};

const POSITIVE_ONLY: Record<string, Family> = {
  HalfNormal: {
    arguments: ["sigma"],
    positive: ["sigma"],
    support: HALF,
    log: half(([sigma = 1]) => normal([0, sigma])),
  },
  HalfStudentT: {
    arguments: ["nu", "sigma"],
    positive: ["nu", "sigma"],
    support: HALF,
    log: half(([nu = 1, sigma = 1]) => student([nu, 0, sigma])),
  },
  HalfCauchy: {
    arguments: ["beta"],
    positive: ["beta"],
    support: HALF,
    log: half(([beta = 1]) => cauchy([0, beta])),
  },
  Exponential: {
    arguments: ["lam"],
    positive: ["lam"],
    support: HALF,
    log:
      ([lam = 1]) =>
      (x) =>
        x >= 0 ? Math.log(lam) - lam * x : NEVER,
  },
  Gamma: {
    arguments: ["alpha", "beta"],
    positive: ["alpha", "beta"],
    support: HALF,
    log: ([alpha = 1, beta = 1]) => {
      const constant = timesLog(alpha, beta) - logGamma(alpha);
      return (x) => (x >= 0 ? constant + timesLog(alpha - 1, x) - beta * x : NEVER);
    },
  },
  InverseGamma: {
    arguments: ["alpha", "beta"],
    positive: ["alpha", "beta"],
    support: HALF,
    log: ([alpha = 1, beta = 1]) => {
      const constant = timesLog(alpha, beta) - logGamma(alpha);
      return (x) => (x > 0 ? constant - (alpha + 1) * Math.log(x) - beta / x : NEVER);
    },
  },
  LogNormal: {
    arguments: ["mu", "sigma"],
    positive: ["sigma"],
    support: HALF,
    log: ([mu = 0, sigma = 1]) => {
      const inner = normal([mu, sigma]);
      return (x) => (x > 0 ? inner(Math.log(x)) - Math.log(x) : NEVER);
    },
  },
  Weibull: {
    arguments: ["alpha", "beta"],
    positive: ["alpha", "beta"],
    support: HALF,
    log: ([alpha = 1, beta = 1]) => {
      const constant = Math.log(alpha) - Math.log(beta);
      return (x) => (x >= 0 ? constant + timesLog(alpha - 1, x / beta) - (x / beta) ** alpha : NEVER);
    },
  },
};

/** The prior of a correlation matrix of `size` rows; x is the logarithm of its determinant. */
const lkj: Family = {
  arguments: ["eta"],
  positive: ["eta"],
  support: () => [Number.NEGATIVE_INFINITY, 0],
  log: ([eta = 1, size = 2]) => {
    let constant = 0;
    for (let k = 1; k < size; k++) {
      const b = eta + (size - k - 1) / 2;
      constant -= (size - k) * ((2 * (eta - 1) + size - k) * Math.LN2 + logBeta(b, b));
    }
    return (x) => (x <= 0 ? constant + (eta === 1 ? 0 : (eta - 1) * x) : NEVER);
  },
};

const ALL: Record<string, Family> = { ...LOCATION_SCALE, ...POSITIVE_ONLY, LKJ: lkj };

export const LOCATION: readonly string[] = Object.keys(LOCATION_SCALE);
export const POSITIVE: readonly string[] = [...Object.keys(POSITIVE_ONLY), "Uniform"];
export const CORRELATION: readonly string[] = ["LKJ"];

function known(family: string): Family {
  const found = Object.hasOwn(ALL, family) ? ALL[family] : undefined;
  if (!found) {
    throw new Error(`"${family}" is no family of the prior lab; it has ${Object.keys(ALL).join(", ")}.`);
  }
  return found;
}

/** The names of a family's arguments, in PyMC's order. */
export function argumentsOf(family: string): readonly string[] {
  return known(family).arguments;
}

/** The arguments of one element of a parameter, in order; of LKJ, the matrix's size too. */
export function argumentsAt(setting: Setting, element: number): number[] {
  return allowed(setting.family).map((name) => {
    const given = setting.args[name];
    const value = Array.isArray(given) ? (given.length === 1 ? given[0] : given[element]) : given;
    if (value === undefined) {
      throw new Error(`${setting.family} needs ${name}${element > 0 ? ` of element ${element}` : ""}.`);
    }
    return value;
  });
}

const allowed = (family: string): readonly string[] =>
  family === "LKJ" ? ["eta", "size"] : argumentsOf(family);

/** The least and the greatest value that one element can have. */
export function support(setting: Setting, element = 0): readonly [number, number] {
  return known(setting.family).support(argumentsAt(setting, element));
}

/** The log density of one element as a function; -Infinity outside the support. */
export function logDensityAt(setting: Setting, element = 0): LogDensity {
  return known(setting.family).log(argumentsAt(setting, element));
}

/** Log densities of values of one element, each normalised (Flat is 0 everywhere). */
export function logDensity(family: string, args: Args, x: Numbers): Float64Array {
  return Float64Array.from(x, logDensityAt({ family, args }));
}

/** The joint log density of every draw: `x` holds `elements` runs of `out.length` draws. */
export function jointLogDensity(setting: Setting, x: Numbers, elements: number, out: Float64Array): void {
  const n = out.length;
  out.fill(0);
  for (let e = 0; e < elements; e++) {
    const log = logDensityAt(setting, e);
    for (let i = 0, j = e * n; i < n; i++, j++) out[i] = (out[i] as number) + log(x[j] as number);
  }
}

/** What is wrong with the arguments of a family, in a sentence; nothing when they can be. */
export function complaint(family: string, args: Args): string {
  const { arguments: names, positive } = known(family);
  for (const name of names) {
    const given = args[name];
    if (given === undefined) return `${family} needs ${name}.`;
    for (const value of Array.isArray(given) ? given : [given]) {
      if (!Number.isFinite(value)) return `${name} of ${family} must be a finite number.`;
      if (positive.includes(name) && !(value > 0)) {
        return `${name} of ${family} must be greater than 0; got ${value}.`;
      }
    }
  }
  const unknown = Object.keys(args).find((name) => !allowed(family).includes(name));
  if (unknown !== undefined) return `${family} has no ${unknown}; it has ${names.join(", ") || "none"}.`;
  if (family === "Uniform") {
    const count = Math.max(...Object.values(args).map((a) => (Array.isArray(a) ? a.length : 1)));
    for (let e = 0; e < count; e++) {
      const [lower = 0, upper = 0] = argumentsAt({ family, args }, e);
      if (!(lower < upper)) {
        return `lower of Uniform must be less than upper; got lower ${lower} and upper ${upper}.`;
      }
    }
  }
  return "";
}
