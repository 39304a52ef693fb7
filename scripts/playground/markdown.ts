// The little Markdown that scripts/editor/hover.ts writes, as elements: never as HTML, since servers' words are in it.
import { h } from "./dom.ts";

export function markdown(text: string): HTMLElement {
  const box = h("div", { class: "hover" });
  for (const block of text.split("\n\n")) {
    const lines = block.split(/ *\n/);
    const items = lines.every((line) => line.startsWith("- "));
    if (items) box.append(h("ul", {}, ...lines.map((line) => h("li", {}, ...inline(line.slice(2))))));
    else box.append(...lines.map((line) => h("p", {}, ...inline(line))));
  }
  return box;
}

function inline(text: string): (Node | string)[] {
  const parts = text.split(/(\*\*(?:[^*\\]|\\.)+\*\*|`[^`]*`)/);
  return parts.map((part) => {
    if (part.startsWith("**") && part.length > 4) return h("strong", {}, unescaped(part.slice(2, -2)));
    if (part.startsWith("`") && part.length > 1) return h("code", {}, part.slice(1, -1));
    return unescaped(part);
  });
}

function unescaped(text: string): string {
  return text.replace(/\\([\\`*_{}[\]<>()#+!|~-])/g, "$1");
}
