import { createStore, useStore } from "../lib/store.ts";

export type Theme = "system" | "light" | "dark";

const key = "mantisdb.theme";
const stored = localStorage.getItem(key);
const theme = createStore<Theme>(stored === "light" || stored === "dark" ? stored : "system");

/** Has the document follow the chosen theme; style.css does the rest. */
export function applyTheme() {
  const chosen = theme.get();
  if (chosen === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
}

export function chooseTheme(chosen: Theme) {
  if (chosen === "system") localStorage.removeItem(key);
  else localStorage.setItem(key, chosen);
  theme.set(chosen);
  applyTheme();
}

export function useTheme(): Theme {
  return useStore(theme);
}

const systemDark = matchMedia("(prefers-color-scheme: dark)");

/** Calls a function when colours change, by choice or because the system's did. */
export function onThemeChange(listener: () => void): () => void {
  systemDark.addEventListener("change", listener);
  const stop = theme.subscribe(() => queueMicrotask(listener)); // once it is applied
  return () => {
    systemDark.removeEventListener("change", listener);
    stop();
  };
}
