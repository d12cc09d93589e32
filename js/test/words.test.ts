// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";
import glossary from "../../hierwidgets/words.json";
import { menu } from "../src/controls/menu";
import { element } from "../src/host/dom";
import { word, worded } from "../src/host/words";

const TEXTS = new Map(Object.values(glossary).flatMap((words) => words.map(({ key, text }) => [key, text])));

function keys(text: string): (string | undefined)[] {
  return worded(text).flatMap((part) => (typeof part === "string" ? [] : [part.dataset.word]));
}

function said(text: string): string {
  return worded(text)
    .map((part) => (typeof part === "string" ? part : part.textContent))
    .join("");
}

function bubble(): Element | null {
  return document.querySelector(".hw-word-told");
}

describe("terms in a text", () => {
  it("are found without changing the text", () => {
    const text = "! 3 of 60 parameters: R-hat above 1.01 or ESS below 400.";
    expect(keys(text)).toEqual(["rhat", "ess"]);
    expect(said(text)).toBe(text);
  });

  it("are the longest there are, each once, whatever the case", () => {
    expect(keys("Standard deviation")).toEqual(["sd"]);
    expect(keys("no pooling, No pooling, complete pooling")).toEqual(["no pooling", "complete pooling"]);
    expect(keys("effect of group effects")).toEqual(["effect", "deviation"]);
  });

  it("are whole words, also with a space that does not break", () => {
    expect(keys("effective, linked, mean_x, x-mean")).toEqual([]);
    expect(keys("a 95\u00a0% interval from 1 to 2")).toEqual(["95"]);
    expect(said("a 95\u00a0% interval")).toBe("a 95\u00a0% interval");
  });

  it("stay text when they look like markup", () => {
    const [part] = worded("<b>prior</b>");
    expect(part).toBe("<b>");
  });

  it("must be in the glossary to be explained", () => {
    expect(() => word("phlogiston")).toThrow("The glossary has no word phlogiston.");
  });
});

describe("an explanation", () => {
  let root: HTMLElement;

  beforeEach(() => {
    root = element("div", { className: "hw-view" });
    document.body.replaceChildren(root);
  });

  it("describes its word while it is open, and one is open at a time", () => {
    const [one, two] = [word("no pooling"), word("partial pooling")];
    root.append(one, two);
    one.dispatchEvent(new Event("pointerenter"));
    expect(bubble()?.textContent).toBe(TEXTS.get("no pooling"));
    expect(one.getAttribute("aria-describedby")).toBe(bubble()?.id);
    two.dispatchEvent(new Event("pointerenter"));
    expect(document.querySelectorAll(".hw-word-told")).toHaveLength(1);
    expect(bubble()?.textContent).toBe(TEXTS.get("partial pooling"));
    expect(one.hasAttribute("aria-describedby")).toBe(false);
  });

  it("closes by Escape, which goes no further", () => {
    const heard: string[] = [];
    root.addEventListener("keydown", ({ key }) => heard.push(key));
    const node = word("prior");
    root.append(node);
    const press = () =>
      node.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true }));
    node.dispatchEvent(new Event("pointerenter"));
    press();
    expect(bubble()).toBeNull();
    expect(heard).toEqual([]);
    press();
    expect(heard).toEqual(["Escape"]);
  });

  it("goes when its word was redrawn away", () => {
    const node = word("prior");
    root.append(node);
    node.dispatchEvent(new Event("pointerenter"));
    node.remove();
    root.dispatchEvent(new Event("pointerover", { bubbles: true, composed: true }));
    expect(bubble()).toBeNull();
  });

  it("stands on the label of a control that is a term", () => {
    const { node } = menu({ label: "Predictor", options: [], value: "", change: () => undefined });
    root.append(node);
    node.querySelector("label")?.dispatchEvent(new Event("pointerenter"));
    expect(bubble()?.textContent).toBe(TEXTS.get("predictor")?.replaceAll("`", ""));
    expect(node.querySelector("select")?.getAttribute("aria-describedby")).toBe(bubble()?.id);
  });

  it("sets code and symbols apart", () => {
    const node = word("deviation");
    root.append(node);
    node.dispatchEvent(new Event("pointerenter"));
    expect(bubble()?.querySelector("i")?.innerHTML).toBe("u<sub>j</sub>");
    expect(bubble()?.textContent).not.toContain("*");
  });
});
