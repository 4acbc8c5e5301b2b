import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// In development the API is that of a running server.
const server = process.env.MANTISDB_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  base: "./", // works under any path of a reverse proxy
  plugins: [react(), tailwindcss()],
  server: {
    host: "127.0.0.1",
    proxy: { "/api": server, "/health": server },
  },
  build: {
    target: ["chrome125", "firefox128", "safari17.5"],
    assetsInlineLimit: 0, // the policy of the page lets no data: address pass
    modulePreload: { polyfill: false },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
