import { numbers } from "../host/columns.js";
import { element } from "../host/dom.js";
import { short } from "../host/text.js";
import type { Context, Row } from "../host/types.js";
import { worded } from "../host/words.js";
import { autocorrelation, ecdfDifference } from "../tables/convergence.js";
import { plot } from "./convergence-plot.js";
import type { Line } from "./convergence-rows.js";
import type { Draws } from "./trace-draws.js";

const HEIGHT = 170;
const CAPTION =
  "Rank bars are level where chains agree; ECDF differences of agreeing chains all stay in the grey band " +
  "with probability 95 %; autocorrelation should fall to 0.";

export interface Picked {
  node: HTMLElement;
  show(parameter: number, line: Line): Promise<void>;
}

/** Rank bars, ECDF differences and autocorrelation of one parameter. */
export function pickedPanel(context: Context, draws: Draws): Picked {
  const { columns } = context;
  const node = element("section", { className: "hw-convergence-picked" });
  const title = element("h4");
  title.dir = "auto";
  const plots = element("div", { className: "hw-convergence-plots" });
  const ranks = plot(context, "ranks", "Rank bars of each chain", HEIGHT);
  const ecdf = plot(context, "ecdf", "ECDF difference of each chain with a 95 % band", HEIGHT);
  const lags = plot(context, "autocorrelation", "Autocorrelation of each chain", HEIGHT);
  plots.append(ranks.node, ecdf.node, lags.node);
  const caption = element("p", { className: "hw-note" });
  caption.append(...worded(CAPTION));
  const errors = element("p", { className: "hw-note" });
  node.append(title, errors, plots, caption);

  const [at, lower, upper] = ["at", "lower", "upper"].map((name) => numbers(columns, `band_${name}`));
  const band: Row[] = Array.from(at ?? [], (share, i) => ({
    at: share,
    lower: lower?.[i],
    upper: upper?.[i],
  }));
  let asked = -1;

  return {
    node,
    async show(parameter, { name, mcse_mean, mcse_sd }) {
      if (parameter === asked) return;
      asked = parameter;
      title.textContent = name;
      errors.textContent = `MCSE of the mean ${short(mcse_mean)}, of the sd ${short(mcse_sd)}`;
      node.setAttribute("aria-label", name);
      try {
        await draws.fetch([parameter]);
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        if (parameter === asked) for (const one of [ranks, ecdf, lags]) one.say(text);
        return;
      }
      if (parameter !== asked) return;
      const lacking = draws.leftOut(parameter);
      if (lacking) errors.textContent += ` · ${lacking}`;
      if (draws.finite(parameter) === 0) {
        for (const one of [ranks, ecdf, lags]) one.say("Nothing to draw.");
        return;
      }
      const values = draws.values(parameter);
      const chains = Array.from({ length: draws.chains }, (_, chain) =>
        values.subarray(chain * draws.length, (chain + 1) * draws.length),
      );
      const differences = ecdfDifference(chains).flatMap((row, chain) =>
        row.map((difference, i) => ({ chain, at: (i + 1) / row.length, difference })),
      );
      const memory = chains.flatMap((chain, i) =>
        autocorrelation(chain).map((value, lag) => ({ chain: i, lag, value })),
      );
      await Promise.all([
        ranks.show({ ranks: draws.ranks(parameter) }, { last: draws.finite(parameter) }),
        ecdf.show({ ecdf: differences, band }),
        lags.show({ autocorrelation: memory }),
      ]);
    },
  };
}
