import { useSyncExternalStore } from "react";

/**
 * A route lies behind the # of the address: #/engine/clients?sort=age. So the server needs
 * to know nothing of pages.
 */
export interface Route {
  page: string;
  /** What follows the page, decoded. */
  rest: string[];
  query: URLSearchParams;
}

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [page = "", ...rest] = path.split("/").map(decode);
  return { page, rest: rest.filter(Boolean), query: new URLSearchParams(query) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of a page, for links. */
export function href(page: string, rest: string[] = [], query?: Record<string, string>): string {
  const path = [page, ...rest].map(encodeURIComponent).join("/");
  const search = query ? new URLSearchParams(query).toString() : "";
  return `#/${path}${search && `?${search}`}`;
}

export function navigate(to: string) {
  location.hash = to;
}

/** Changes the address without a step in the history, as for a filter that is typed. */
export function replaceRoute(to: string) {
  history.replaceState(null, "", to);
  dispatchEvent(new HashChangeEvent("hashchange"));
}

let parsed = { hash: "", route: parseRoute("") };

function current(): Route {
  if (parsed.hash !== location.hash) {
    parsed = { hash: location.hash, route: parseRoute(location.hash) };
  }
  return parsed.route;
}

function subscribe(listener: () => void) {
  addEventListener("hashchange", listener);
  return () => removeEventListener("hashchange", listener);
}

export function useRoute(): Route {
  return useSyncExternalStore(subscribe, current);
}

let mayLeave: (to: Route) => boolean = () => true;

/**
 * Has every change of the address ask first, as where something was typed that would be lost.
 * What is returned ends that.
 */
export function askBeforeLeaving(ask: (to: Route) => boolean): () => void {
  mayLeave = ask;
  return () => {
    mayLeave = () => true;
  };
}

/** Stays where it was, if the page may not be left. It comes before all who follow the address. */
function stayIfAsked() {
  if (location.hash !== parsed.hash && !mayLeave(parseRoute(location.hash))) {
    history.replaceState(null, "", parsed.hash);
  }
}

if (typeof window !== "undefined") addEventListener("hashchange", stayIfAsked);
