// Elements of the page, made by hand.

type Child = Node | string | undefined | null | false;
type Props = Record<string, string | boolean | number | ((event: Event) => void) | undefined>;

function isThere(child: Child): child is Node | string {
  return child !== undefined && child !== null && child !== false;
}

/** An element with attributes (`onclick` and the like are listeners; false and undefined leave one out) and children. */
export function h(tag: string, props: Props = {}, ...children: Child[]): HTMLElement {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter(isThere));
  return element;
}

/** The element of the page with this id. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** Replaces what an element contains; an element that had the focus gives it to its successor with the same key. */
export function fill(parent: HTMLElement, ...children: Child[]): void {
  const key = (document.activeElement as HTMLElement | null)?.dataset["key"];
  const hadFocus = parent.contains(document.activeElement);
  parent.replaceChildren(...children.filter(isThere));
  if (hadFocus && key) parent.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

/** A switch that shows whether it is on. */
export function chip(label: string, on: boolean, toggle: () => void, title?: string): HTMLElement {
  const props = { type: "button", class: "chip", "aria-pressed": String(on), "data-key": `chip ${label}`, title };
  return h("button", { ...props, onclick: toggle }, h("span", { class: "tick", "aria-hidden": "true" }), label);
}

const SVG = "http://www.w3.org/2000/svg";

/** A small picture from a path on a grid of 16. */
export function icon(path: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon");
  const shape = document.createElementNS(SVG, "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

export const ICONS = {
  yes: "M3 8.5l3.5 3.5L13 4.5",
  no: "M4 4l8 8M12 4l-8 8",
  skip: "M4 8h8",
  key: "M13.8 5.2a3 3 0 1 1-6 0 3 3 0 0 1 6 0zM8.7 7.3L2.5 13.5M4.6 11.4l1.9 1.9",
  warn: "M8 2.5L14.5 13.5H1.5zM8 6.5v3.5M8 11.8v.2",
};
