// Around the panes: tabs with arrow keys (WAI-ARIA APG, "tabs"), light and dark, short messages.
import { byId } from "./dom.ts";

/** Makes tabs of the buttons `<group>-<name>` for the panels `<panel>-<name>`; returns what selects one. */
export function connectTabs<Name extends string>(
  group: string,
  names: readonly Name[],
  panel: string,
  selected: (name: Name) => void,
): (name: Name) => void {
  const tab = (name: Name): HTMLElement => byId(`${group}-${name}`);
  const select = (chosen: Name): void => {
    for (const name of names) {
      tab(name).setAttribute("aria-selected", String(name === chosen));
      tab(name).tabIndex = name === chosen ? 0 : -1;
      byId(`${panel}-${name}`).hidden = name !== chosen;
    }
    selected(chosen);
  };
  names.forEach((name, i) => {
    tab(name).addEventListener("click", () => select(name));
    tab(name).addEventListener("keydown", ({ key }) => {
      const step = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
      if (step === 0) return;
      const next = names[(i + step + names.length) % names.length]!;
      select(next);
      tab(next).focus();
    });
  });
  return select;
}

const THEMES = ["", "light", "dark"] as const;
const NAMES = { "": "as the system", light: "light", dark: "dark" };
const SIGNS = { "": "◐", light: "☀", dark: "☾" };

/** A button that goes through the system's colours, light and dark. */
export function connectTheme(): void {
  const button = byId("theme");
  let theme: (typeof THEMES)[number] = "";
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!;
    if (theme === "") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
    button.textContent = SIGNS[theme];
    button.setAttribute("aria-label", `Colours: ${NAMES[theme]}`);
  });
}

let hiding = 0;

/** Says something for a moment. */
export function toast(text: string): void {
  const box = byId("toast");
  box.textContent = text;
  box.classList.add("shown");
  window.clearTimeout(hiding);
  hiding = window.setTimeout(() => box.classList.remove("shown"), 2500);
}
