/** A curve over a range of values, which is asked for and answered in parts. */

import type { Curve, CurveQuestion, Verdict } from "./types";

const PART = 4;

/** The same question, a few values at a time, so that others can be answered in between. */
export function partsOf(question: CurveQuestion): CurveQuestion[] {
  const { values } = question;
  if (values.length <= PART) return [question];
  return Array.from({ length: Math.ceil(values.length / PART) }, (_, i) => ({
    ...question,
    values: values.slice(i * PART, (i + 1) * PART),
  }));
}

/** The parts of a curve as one. */
export function joinedCurve(parts: readonly Curve[]): Curve {
  const column = (key: "values" | "mean" | "lower" | "upper" | "logEvidence" | "khat"): Float64Array =>
    Float64Array.from(parts.flatMap((part) => [...part[key]]));
  const values = column("values");
  const verdict = parts.flatMap((part) => part.verdict);
  return {
    values,
    mean: column("mean"),
    lower: column("lower"),
    upper: column("upper"),
    logEvidence: column("logEvidence"),
    evidenceReliable: parts.flatMap((part) => part.evidenceReliable),
    khat: column("khat"),
    verdict,
    place: placeOf(values, verdict),
  };
}

/** The middle of the longest stretch of values that is not reliable. */
export function placeOf(values: ArrayLike<number>, verdict: readonly Verdict[]): number | null {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let i = 0; i <= verdict.length; i++) {
    if (i < verdict.length && verdict[i] !== "reliable") continue;
    if (i - start > best.length) best = { start, length: i - start };
    start = i + 1;
  }
  return best.length > 0 ? (values[best.start + ((best.length - 1) >> 1)] ?? null) : null;
}
