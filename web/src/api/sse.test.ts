import { afterEach, beforeEach, expect, test, vi } from "vitest";

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("sessionStorage", { getItem: () => null });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a server that says nothing more counts as lost", async () => {
  const asked: string[] = [];
  vi.stubGlobal("fetch", (path: string, { signal }: RequestInit) => {
    asked.push(path);
    return new Promise((_, reject) => {
      signal!.addEventListener("abort", () => reject(signal!.reason as Error));
    });
  });
  const { openStream } = await import("./sse.ts");
  const close = openStream("figures/stream", { onEvent: () => {} });
  await vi.advanceTimersByTimeAsync(19_000);
  expect(asked).toEqual(["api/v1/figures/stream"]);
  await vi.advanceTimersByTimeAsync(4_000);
  expect(asked).toContain("api/v1/health");
  close();
});
