import { Suspense, useEffect, useRef } from "react";

import { useLive, useLiveStream } from "../api/live.ts";
import { useVersion } from "../api/server.ts";
import { useRight } from "../api/whoami.ts";
import { Loading } from "../components/Page.tsx";
import { Logo } from "../components/Logo.tsx";
import { ConnectionBanner } from "./ConnectionBanner.tsx";
import { ErrorBoundary } from "./ErrorBoundary.tsx";
import { Navigation } from "./Navigation.tsx";
import { pages } from "./pages.ts";
import { useRoute } from "./route.ts";
import { SessionMenu } from "./SessionMenu.tsx";
import { ThemeToggle } from "./ThemeToggle.tsx";

/** The frame of every page: navigation at the side, or at the bottom of a phone. */
export function Layout() {
  const route = useRoute();
  useLiveStream(useRight("figures"));
  const shown = pages.find((page) => page.name === route.page) ?? pages[0];
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    document.title = `${shown.title} · MantisDB`;
    if (!first.current) main.current?.focus(); // so that what is read out goes on there
    first.current = false;
    scrollTo(0, 0);
  }, [shown]);

  return (
    <div className="flex min-h-dvh flex-col md:grid md:grid-cols-[13rem_1fr]">
      <a
        href="#main"
        onClick={(event) => {
          event.preventDefault(); // what is behind the # is the page
          main.current?.focus();
        }}
        className="sr-only z-50 rounded-lg bg-accent px-3 py-2 text-on-accent focus:not-sr-only focus:absolute focus:top-2 focus:left-2"
      >
        Skip to the content
      </a>
      <header className="flex items-center gap-2 border-line bg-surface px-4 py-2 max-md:border-b md:sticky md:top-0 md:h-dvh md:flex-col md:items-stretch md:gap-6 md:border-r md:p-4">
        <div className="flex items-center gap-2.5">
          <Logo size={28} />
          <div className="leading-tight">
            <div className="font-semibold tracking-tight">MantisDB</div>
            <ServerLine />
          </div>
        </div>
        <Navigation
          shown={shown.name}
          warnings={useLive().warnings.filter(({ level }) => level !== "info").length}
        />
        <div className="ml-auto flex items-center gap-1 md:mt-auto md:ml-0 md:flex-wrap md:justify-between">
          <SessionMenu />
          <ThemeToggle />
        </div>
      </header>
      <main
        id="main"
        ref={main}
        tabIndex={-1}
        className="mx-auto w-full max-w-[100rem] min-w-0 flex-1 px-4 py-4 outline-none max-md:pb-24 md:px-6"
      >
        <ConnectionBanner />
        <ErrorBoundary key={shown.name}>
          <Suspense fallback={<Loading what="the page" />}>
            <shown.Page />
          </Suspense>
        </ErrorBoundary>
      </main>
    </div>
  );
}

function ServerLine() {
  const { data } = useVersion();
  return (
    <div className="max-w-32 truncate text-xs text-muted" title={data?.version}>
      {data ? `${data.engine} · ${data.version}` : " "}
    </div>
  );
}
