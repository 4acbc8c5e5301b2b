import { defineConfig } from "vitest/config";

// The tests in a browser, against the real server: see scripts/test-web.sh.
export default defineConfig({
  test: {
    dir: "tests",
    include: ["**/*.test.ts"],
    fileParallelism: false, // they share the processors with the server and the browser
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ["default"],
  },
});
