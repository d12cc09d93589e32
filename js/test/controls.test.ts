// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import { button, choice, menu, search, slider } from "../src/controls";
import { tooltip } from "../src/host/tooltip";

const EVIL = "<img src=x onerror=alert(1)>";
const OPTIONS = [
  { value: "a", label: EVIL },
  { value: "b", label: "B" },
];

function press(node: Element, key: string): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  node.dispatchEvent(event);
  return event;
}

describe("controls", () => {
  it("are named by their labels", () => {
    for (const { node } of [
      menu({ label: "Sort by", options: OPTIONS, value: "a", change: () => {} }),
      search({ label: "Sort by", value: "", change: () => {} }),
      slider({ label: "Sort by", min: 0, max: 1, value: 0, change: () => {} }),
    ]) {
      const label = node.querySelector("label");
      expect(label?.textContent).toBe("Sort by");
      expect(node.querySelector(`#${label?.htmlFor}`)).not.toBeNull();
    }
  });

  it("show what data holds as text", () => {
    const { node } = menu({ label: EVIL, options: OPTIONS, value: "a", change: () => {} });
    expect(node.querySelector("img")).toBeNull();
    expect(node.querySelector("option")?.textContent).toBe(EVIL);
  });

  it("tell what the reader chose, and not what they are told", () => {
    const heard: string[] = [];
    const one = menu({ label: "m", options: OPTIONS, value: "a", change: (v) => heard.push(v) });
    const two = choice({ label: "c", options: OPTIONS, value: "a", change: (v) => heard.push(v) });
    one.update("b");
    two.update("b");
    expect(heard).toEqual([]);
    const select = one.node.querySelector("select") as HTMLSelectElement;
    select.value = "a";
    select.dispatchEvent(new Event("change"));
    document.body.append(two.node);
    const [first] = two.node.querySelectorAll("input");
    first?.click();
    expect(heard).toEqual(["a", "a"]);
  });

  it("empty a search by Escape, which then goes no further", () => {
    const heard: string[] = [];
    const { node } = search({ label: "s", value: "abc", change: (v) => heard.push(v) });
    const outside: string[] = [];
    const root = document.createElement("div");
    root.append(node);
    root.addEventListener("keydown", (event) => outside.push(event.key));
    const input = node.querySelector("input") as HTMLInputElement;
    press(input, "Escape");
    expect([input.value, heard, outside]).toEqual(["", [""], []]);
    press(input, "Escape");
    expect([heard, outside]).toEqual([[""], ["Escape"]]);
  });

  it("say a slider's number in words", () => {
    const { node, update } = slider({
      label: "sigma",
      min: 1,
      max: 100,
      value: 10,
      log: true,
      change: () => {},
    });
    const input = node.querySelector("input") as HTMLInputElement;
    expect(input.value).toBe("500");
    update(100);
    expect(input.getAttribute("aria-valuetext")).toBe("100");
    expect(node.querySelector("output")?.textContent).toBe("100");
  });

  it("press", () => {
    let pressed = 0;
    const { node } = button({
      label: "Go",
      press: () => {
        pressed += 1;
      },
    });
    node.click();
    expect(pressed).toBe(1);
  });
});

describe("tooltip", () => {
  it("is text, and goes away", () => {
    const root = document.createElement("div");
    const tip = tooltip(root);
    tip.show({ group: EVIL, "95 %": "1 to 2" }, new MouseEvent("pointermove"));
    const box = root.querySelector<HTMLElement>("[role=tooltip]");
    expect(box?.textContent).toBe(`group${EVIL}95 %1 to 2`);
    expect(root.querySelector("img")).toBeNull();
    tip.hide();
    expect(box?.hidden).toBe(true);
  });
});
