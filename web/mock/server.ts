import type { IncomingMessage, ServerResponse } from "node:http";
import type { Plugin } from "vite";

import { figures } from "./figures.ts";

/** A route of the made-up API: answers with JSON, or by itself if it returns undefined. */
export type Route = (request: IncomingMessage, response: ServerResponse, url: URL) => unknown;

/** By method and path. */
const routes: Record<string, Route> = {
  ...figures,
  "GET /api/v1/health": () => ({ status: "ok" }),
  "GET /api/v1/version": () => ({ version: "v0.0.0-mock", engine: "rust", go: "go1.26" }),
  "GET /api/v1/whoami": () => ({
    user: "default",
    authentication_needed: false,
    rights: {
      figures: true,
      admin: true,
      read: true,
      write: true,
      console: true,
      clients: true,
      config: true,
    },
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
        const route = routes[`${request.method} ${url.pathname}`];
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
