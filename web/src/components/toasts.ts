import { createStore } from "../lib/store.ts";

export interface Toast {
  id: number;
  text: string;
  kind: "info" | "error";
  action?: { label: string; run(): void };
}

/** How long a message stays, in ms; one with something to press stays longer. */
const shown = 5000;
const shownWithAction = 12_000;
const mostToasts = 4;

export const toasts = createStore<readonly Toast[]>([]);
let lastId = 0;

/** Shows a short message at the edge of the page, for a while. */
export function toast(text: string, options: Partial<Pick<Toast, "kind" | "action">> = {}) {
  const added: Toast = { id: ++lastId, text, kind: options.kind ?? "info", action: options.action };
  toasts.set([...toasts.get(), added].slice(-mostToasts));
  setTimeout(() => dismiss(added.id), added.action ? shownWithAction : shown);
}

export function dismiss(id: number) {
  const rest = toasts.get().filter((one) => one.id !== id);
  if (rest.length !== toasts.get().length) toasts.set(rest);
}
