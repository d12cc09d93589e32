export { button } from "./button.js";
export { choice } from "./choice.js";
export type { Control } from "./control.js";
export { menu, type Option } from "./menu.js";
export { search } from "./search.js";
export { slider } from "./slider.js";
