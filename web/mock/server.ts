import type { IncomingMessage, ServerResponse } from "node:http";
import type { Plugin } from "vite";

import { benchmarks } from "./benchmarks.ts";
import { control } from "./control.ts";
import { engine } from "./engine.ts";
import { figures } from "./figures.ts";

/** A route of the made-up API: answers with JSON, or by itself if it returns undefined. */
export type Route = (request: IncomingMessage, response: ServerResponse, url: URL) => unknown;

const rights = [
  "console",
  "read",
  "write",
  "figures",
  "clients",
  "kill_clients",
  "slowlog",
  "reset_slowlog",
  "config",
  "configure",
  "admin",
];

/** By method and path; a path that ends with * stands for all that begin so. */
const routes: Record<string, Route> = {
  ...figures,
  ...engine,
  ...control,
  ...benchmarks,
  "GET /api/v1/health": () => ({ status: "ok" }),
  "GET /api/v1/version": () => ({ version: "v0.0.0-mock", engine: "rust", go: "go1.26" }),
  "GET /api/v1/whoami": () => ({
    user: "default",
    authentication_needed: false,
    rights: Object.fromEntries(rights.map((right) => [right, true])),
  }),
};

/** Answers the API with made-up figures, so that pages can be worked on without a server. */
export function mockServer(): Plugin {
  return {
    name: "mantisdb-mock",
    apply: "serve",
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const url = new URL(request.url ?? "/", "http://mock");
        if (!url.pathname.startsWith("/api/")) return next();
        const name = `${request.method} ${url.pathname}`;
        const route = routes[name] ?? routes[name.replace(/[^/]*$/, "*")];
        const answer = route
          ? route(request, response, url)
          : ((response.statusCode = 404), { title: "No such resource", detail: url.pathname });
        if (answer === undefined) return;
        response.setHeader("Content-Type", "application/json");
        response.end(JSON.stringify(answer));
      });
    },
  };
}
